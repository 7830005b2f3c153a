import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { type GatewaySimOptions, startGatewaySim } from '../../src/index.ts'
import { RawClient } from '../client/raw-client.ts'
import { named } from './field-table.ts'

interface Chain {
  exchange: string
  underConId: string
  tradingClass: string
  multiplier: string
  expirations: { date: string }[]
  strikes: { strike: string }[]
}

const BOND = 594126321
const CLOCK = '2025-07-30T17:00:00Z'
const words = (line: string) => line.split('|')
const start = (options: GatewaySimOptions = {}) => startGatewaySim({ port: 0, clockStart: CLOCK, ...options })

/** The answers to some requests, by message id. */
async function ask(port: number, requests: readonly string[], answers: number): Promise<string[][]> {
  using client = await RawClient.started(port, 1, 'v100..193')
  const welcomed = client.frames().length
  for (const request of requests) client.send(...words(request))
  await client.until(() => client.frames().length >= welcomed + answers, `${answers} answers`)
  return client.frames().slice(welcomed)
}

describe('what the gateway says after START_API', () => {
  it('is, byte for byte and in this order: accounts, next order id, farms', async () => {
    await using sim = await start({ accounts: ['DU1', 'DU2'] })
    using client = await RawClient.started(sim.port, 7)
    expect(client.frames().map((fields) => fields.join('|'))).toEqual([
      '187|20250730 17:00:00 UTC',
      '15|1|DU1,DU2',
      '9|1|1',
      '4|2|-1|2104|Market data farm connection is OK:usfuture|',
      '4|2|-1|2104|Market data farm connection is OK:cashfarm|',
      '4|2|-1|2104|Market data farm connection is OK:usfarm|',
      '4|2|-1|2106|HMDS data farm connection is OK:ushmds|',
      '4|2|-1|2158|Sec-def data farm connection is OK:secdefnj|',
    ])
  })
})

describe('contract data', () => {
  const requestOf = (cid: number) => `9|8|9001|${cid}|||||||||||0|||`
  const VERSIONS = [176, 178, 179, 181, 182, 185, 186, 193]

  it.each(VERSIONS)('of a share at server version %d has the fields of IB, none missing and none too many', async (maxVersion) => {
    await using sim = await start({ maxVersion })
    const [share = [], end] = await ask(sim.port, [requestOf(265598)], 2)
    expect(named(share, maxVersion)).toEqual({
      reqId: '9001',
      symbol: 'AAPL',
      secType: 'STK',
      lastTradeDateOrContractMonth: '',
      ...(maxVersion >= 182 && { lastTradeDate: '' }),
      strike: '0',
      right: '',
      exchange: 'SMART',
      currency: 'USD',
      localSymbol: 'AAPL',
      marketName: 'NMS',
      tradingClass: 'NMS',
      conId: '265598',
      minTick: '0.01',
      multiplier: '',
      orderTypes: expect.stringMatching(/^ACTIVETIM,AD,.*,LMT,.*,WHATIF$/),
      validExchanges: expect.stringMatching(/^SMART,AMEX,NYSE,/),
      priceMagnifier: '1',
      underConId: '0',
      longName: 'APPLE INC',
      primaryExch: 'NASDAQ',
      contractMonth: '',
      industry: 'Technology',
      category: 'Computers',
      subcategory: 'Computers',
      timeZoneId: 'US/Eastern',
      tradingHours:
        '20250730:0400-20250730:2000;20250731:0400-20250731:2000;20250801:0400-20250801:2000;20250802:CLOSED;20250803:CLOSED;20250804:0400-20250804:2000;20250805:0400-20250805:2000',
      liquidHours:
        '20250730:0930-20250730:1600;20250731:0930-20250731:1600;20250801:0930-20250801:1600;20250802:CLOSED;20250803:CLOSED;20250804:0930-20250804:1600;20250805:0930-20250805:1600',
      evRule: '',
      evMultiplier: '',
      secIds: [{ tag: 'ISIN', value: 'US0378331005' }],
      aggGroup: '1',
      underSymbol: '',
      underSecType: '',
      marketRuleIds: expect.stringMatching(/^26(,26)+$/),
      realExpirationDate: '',
      stockType: 'COMMON',
      minSize: '0.0001',
      sizeIncrement: '0.0001',
      suggestedSizeIncrement: '100',
      ...(maxVersion >= 186 && { ineligibilities: [] }),
    })
    expect(end).toEqual(['52', '1', '9001'])
  })

  it('names the exchange that was asked about', async () => {
    await using sim = await start()
    const [byId = [], , bySymbol = []] = await ask(
      sim.port,
      ['9|8|1|265598|||||||NASDAQ|||||0|||', '9|8|2|0|AAPL|STK|||||ARCA||USD|||0|||'],
      4,
    )
    expect([byId, bySymbol].map((fields) => named(fields, 193))).toMatchObject([
      { conId: '265598', exchange: 'NASDAQ', primaryExch: 'NASDAQ' },
      { conId: '265598', exchange: 'ARCA', primaryExch: 'NASDAQ' },
    ])
  })

  it.each(VERSIONS)('of a future and a fund at server version %d too', async (maxVersion) => {
    await using sim = await start({ maxVersion })
    const [future = [], , fund = []] = await ask(sim.port, [requestOf(711280073), requestOf(73128548)], 4)
    expect(named(future, maxVersion)).toMatchObject({
      symbol: 'MNQ',
      lastTradeDateOrContractMonth: '20250919 08:30 US/Central',
      ...(maxVersion >= 182 && { lastTradeDate: '20250919' }),
      conId: '711280073',
      multiplier: '2',
      contractMonth: '202509',
      secIds: [],
      aggGroup: '2147483647',
      underSymbol: 'MNQ',
      underSecType: 'IND',
      realExpirationDate: '20250919',
    })
    const named73 = named(fund, maxVersion)
    expect(named73.secType).toBe('FUND')
    expect('fundAssetType' in named73).toBe(maxVersion >= 179)
  })
})

describe('what else is asked about contracts', () => {
  it.each([176, 187, 188, 193])(
    'a bond (18) at server version %d has the fields of IB, with its hours where they belong',
    async (maxVersion) => {
      await using sim = await start({ maxVersion })
      const [bond = [], end] = await ask(sim.port, [`9|8|5|${BOND}|||||||||||0|||`], 2)
      const { timeZoneId, tradingHours, liquidHours, ...rest } = named(bond, maxVersion)
      expect([bond[0], rest.conId, rest.secType, rest.cusip]).toEqual(['18', String(BOND), 'BOND', expect.stringMatching(/^\w{9}$/)])
      expect(
        [timeZoneId, tradingHours, liquidHours].every((field) => maxVersion >= 188 === (typeof field === 'string' && field !== '')),
      ).toBe(true)
      expect(end).toEqual(['52', '1', '5'])
    },
  )

  it('the option chain of a share (78): one message 75 an exchange, then 76', async () => {
    await using sim = await start()
    using client = await RawClient.started(sim.port, 1, 'v100..193')
    client.send(...words('78|6|AAPL||STK|265598'))
    await client.until(() => client.frames().at(-1)?.[0] === '76', 'the end')
    const chain = client
      .frames()
      .filter(([id]) => id === '75')
      .map((fields) => named(fields, 193) as unknown as Chain)
    expect(named(client.frames().at(-1) ?? [], 193)).toEqual({ reqId: '6' })
    expect(chain.length).toBeGreaterThan(1)
    expect(new Set(chain.map(({ exchange }) => exchange)).size).toBe(chain.length)
    for (const { underConId, tradingClass, multiplier, expirations, strikes } of chain) {
      expect([underConId, tradingClass, multiplier]).toEqual(['265598', 'AAPL', '100'])
      expect(expirations.every(({ date }) => /^\d{8}$/.test(date)) && expirations.length > 1 && strikes.length > 5).toBe(true)
    }
    const chains = () => client.frames().filter(([id]) => id === '75').length
    const ends = () => client.frames().filter(([id]) => id === '76').length
    client.send(...words('78|7|AAPL|CBOE|STK|265598'))
    await client.until(() => ends() === 2, 'the end of one exchange')
    expect(chains()).toBe(chain.length + 1)
    client.send(...words('78|7|IBM||STK|8314'))
    await client.until(() => ends() === 3, 'the end of a share without options')
    expect(chains()).toBe(chain.length + 1)
    client.send(...words('78|7|NONE||STK|42'))
    await client.until(() => client.frames().at(-1)?.[0] === '4', 'the refusal')
    expect(client.frames().at(-1)?.slice(2, 4)).toEqual(['7', '321'])
  })

  it('symbols like what was typed (81 → 79), and none like nothing', async () => {
    await using sim = await start()
    const [some = [], none = []] = await ask(sim.port, ['81|8|AAP', '81|9|QQQQQQQQ'], 2)
    const { reqId, samples } = named(some, 193) as { reqId: string; samples: Record<string, unknown>[] }
    expect([reqId, samples.find(({ conId }) => conId === '265598')]).toEqual([
      '8',
      expect.objectContaining({
        symbol: 'AAPL',
        secType: 'STK',
        primaryExch: 'NASDAQ',
        currency: 'USD',
        description: 'APPLE INC',
        derivatives: [],
      }),
    ])
    expect(named(none, 193)).toEqual({ reqId: '9', samples: [] })
  })

  it('a market rule (91 → 93), and one that there is not', async () => {
    await using sim = await start()
    const [rule = [], refusal = []] = await ask(sim.port, ['91|26', '91|4711'], 2)
    expect(named(rule, 193)).toEqual({ ruleId: '26', increments: [{ lowEdge: '0', increment: '0.01' }] })
    expect(refusal.slice(0, 4)).toEqual(['4', '2', '-1', '321'])
  })

  it('the top of the book (1): the type that was chosen (59 → 58), and that the account has none of it', async () => {
    await using sim = await start()
    const answers = await ask(sim.port, ['59|1|3', '1|11|12|265598||||||||||||0||0|0|', '1|11|13|42||||||||||||0||0|0|', '2|2|12'], 4)
    expect(named(answers[0] ?? [], 193)).toEqual({ version: '1', reqId: '12', type: '3' })
    expect(answers.slice(1).map(([id, , reqId, code]) => `${id} ${reqId} ${code}`)).toEqual(['4 12 354', '4 13 200', '4 12 300'])
  })

  it('who the user is (104 → 107)', async () => {
    await using sim = await start()
    const [info = []] = await ask(sim.port, ['104|10'], 1)
    expect(named(info, 193)).toEqual({ reqId: '10', whiteBrandingId: '' })
  })
})

describe('ticks, live and of the past', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-golden-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const TICKS = [
    { tt: 'bid_ask', bp: 180.01, bs: 3, ap: 180.05, as: 100, bpl: true },
    { tt: 'bid_ask', bp: -1, bs: 0, ap: 180.05, as: 0.5 },
    { tt: 'bid_ask', ap: 180.05, as: 7, aph: true },
    { tt: 'all_last', p: 180.02, s: 1e-8, ex: 'Q', sc: '@ TI' },
    { tt: 'all_last', p: 0, s: 0, ex: '', pl: true },
    { tt: 'all_last', p: 180.5, s: 100, ex: 'D', sc: 'W', upt: true },
    { tt: 'mid_point', mp: 180.035 },
  ]

  it('have the fields of IB, unset ones empty, −1 and 0 as they are', async () => {
    const replay = join(folder, 'ticks.jsonl')
    const lines = TICKS.map((tick, i) =>
      JSON.stringify({ ts: 1_753_884_000_000_000, st: 1_753_884_000_000_001 + i, cid: 8314, rid: 0, ...tick }),
    )
    writeFileSync(replay, `${lines.join('\n')}\n`)
    await using sim = await startGatewaySim({ port: 0, replay, speed: 'max', keepTimes: true, startAfter: 4 })
    using client = await RawClient.started(sim.port, 1, 'v100..193')
    const welcomed = client.frames().length
    const kinds = ['Last', 'AllLast', 'BidAsk', 'MidPoint']
    for (const [i, kind] of kinds.entries()) client.send(...words(`97|${i + 1}|8314||||||||||||${kind}|0|0`))
    await client.until(() => client.frames().length >= welcomed + 9, 'nine ticks')
    const live = client.frames().slice(welcomed)
    expect(live.map((fields) => fields.join('|'))).toEqual([
      '99|3|3|1753884000|180.01|180.05|3|100|1',
      '99|3|3|1753884000|-1|180.05|0|0.5|0',
      '99|3|3|1753884000||180.05||7|2',
      '99|2|2|1753884000|180.02|0.00000001|0|Q|@ TI',
      '99|1|1|1753884000|180.02|0.00000001|0|Q|@ TI',
      '99|2|2|1753884000|0|0|1||',
      '99|1|1|1753884000|0|0|1||',
      '99|2|2|1753884000|180.5|100|2|D|W',
      '99|4|4|1753884000|180.035',
    ])
    for (const fields of live) named(fields, 193)
    for (const [i, what] of ['MIDPOINT', 'BID_ASK', 'TRADES'].entries()) {
      client.send(...words(`96|${10 + i}|8314|||||||SMART|||||0|20250730-14:00:00||10|${what}|0|0|`))
      await client.until(() => client.frames().length > welcomed + 9 + i, 'a page') // pages asked for at once come in any order
    }
    const past = client.frames().slice(welcomed + 9)
    expect(past.map((fields) => fields.join('|'))).toEqual([
      '96|10|1|1753884000|0|180.035|0|1',
      '97|11|3|1753884000|2|180.01|180.05|3|100|1753884000|0|-1|180.05|0|0.5|1753884000|1||180.05||7|1',
      '98|12|2|1753884000|0|180.02|0.00000001|Q|@ TI|1753884000|1|0|0|||1',
    ])
    for (const fields of past) named(fields, 193)
  })
})

describe('errors', () => {
  it('have five fields, the last one empty', async () => {
    await using sim = await start({ lines: 1 })
    const tick = (rid: number, rest: string) => `97|${rid}|${rest}`
    const errors = await ask(
      sim.port,
      [
        `98|77`,
        tick(1, '42||||||||||||Last|0|0'),
        tick(2, '265598||||||||||||last|0|0'),
        '9|8|3|42|||||||||||0|||',
        tick(4, '|MNQ|FUT|||||CME||USD|||Last|0|0'),
        '1|11|5||SAP|STK|||||SMART|||||0||0|0|',
      ],
      6,
    )
    expect(errors.map((fields) => fields.join('|'))).toEqual([
      "4|2|77|300|Can't find EId with tickerId:77|",
      '4|2|1|200|No security definition has been found for the request|',
      "4|2|2|321|Error validating request.-'bU' : cause - Invalid tick-by-tick type: last|",
      '4|2|3|200|No security definition has been found for the request|',
      '4|2|4|200|The contract description specified for MNQ is ambiguous.|',
      '4|2|5|200|The contract description specified for SAP is ambiguous.|',
    ])
    for (const fields of errors) named(fields, 193)
  })
})
