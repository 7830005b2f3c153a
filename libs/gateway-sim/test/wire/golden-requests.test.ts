import { describe, expect, it } from '@jest/globals'
import { startGatewaySim } from '../../src/index.ts'
import { RawClient } from '../client/raw-client.ts'
import { named } from './field-table.ts'

/** How clients spell a contract of which only the id is known: conId to tradingClass. */
const BY_ID = {
  'official Python 10.30': '265598||||0.0|||||||',
  'official Python 10.46': '265598|||||||||||',
  'ib_insync and ib_async': '265598||||0.0|||||||',
  'rust-ibapi': '265598||||0|||||||',
  '@stoqey/ib': '265598|||||||||||',
} as const
/** And one that is described; 0 or nothing stands for the id. */
const DESCRIBED = {
  'official Python 10.30': '0|AAPL|STK||0.0|||SMART||USD||',
  'official Python 10.46': '0|AAPL|STK|||||SMART||USD||',
  'ib_insync and ib_async': '0|AAPL|STK||0.0|||SMART||USD||',
  'rust-ibapi': '0|AAPL|STK||0|||SMART||USD||',
  '@stoqey/ib': '|AAPL|STK|||||SMART||USD||',
} as const
const CLIENTS = Object.keys(BY_ID) as (keyof typeof BY_ID)[]
/** The range of versions that each greets with. */
const GREETINGS = {
  'official Python 10.30': 'v100..187',
  'official Python 10.46': 'v100..225',
  'ib_insync and ib_async': 'v157..178',
  'rust-ibapi': 'v100..178',
  '@stoqey/ib': 'v100..193',
} as const
const SERVER_VERSIONS = {
  'official Python 10.30': 187,
  'official Python 10.46': 193,
  'ib_insync and ib_async': 178,
  'rust-ibapi': 178,
  '@stoqey/ib': 193,
} as const

const words = (line: string) => line.split('|')

describe.each(CLIENTS)('requests as %s lays them out', (name) => {
  const contracts = [BY_ID[name], DESCRIBED[name]]

  async function connected(): Promise<{ client: RawClient; close(): Promise<void> }> {
    const sim = await startGatewaySim({ port: 0, rate: 20, repeatSeconds: 0, messagesPerSecond: 0, lines: 10 })
    const client = await RawClient.started(sim.port, 1, GREETINGS[name])
    return {
      client,
      close: async () => {
        client[Symbol.dispose]()
        await sim.close()
      },
    }
  }

  it('greet, and agree on the newest version that both know', async () => {
    const { client, close } = await connected()
    expect(Number(client.frames()[0]?.[0])).toBe(SERVER_VERSIONS[name])
    await close()
  })

  it('subscribe to all four kinds (97), by id and by description, and cancel (98)', async () => {
    const { client, close } = await connected()
    const ticksOf = (rid: number) => client.frames().filter(([id, request]) => id === '99' && request === String(rid))
    let rid = 100
    for (const contract of contracts) {
      for (const [kind, type] of [
        ['Last', '1'],
        ['AllLast', '2'],
        ['BidAsk', '3'],
        ['MidPoint', '4'],
      ] as const) {
        rid += 1
        client.send(...words(`97|${rid}|${contract}|${kind}|0|0`))
        await client.until(() => ticksOf(rid).length > 0, `a tick of ${kind}`)
        expect(named(ticksOf(rid)[0] ?? [], SERVER_VERSIONS[name])).toMatchObject({ reqId: String(rid), kind: type })
        client.send('98', String(rid))
      }
    }
    client.send('98', String(rid))
    await client.until(
      () => client.frames().some(([id, , request, code]) => id === '4' && request === String(rid) && code === '300'),
      'the cancel',
    )
    expect(client.frames().filter(([id, , , code]) => id === '4' && Number(code) < 2_000).length).toBe(1)
    await close()
  })

  it('ask for contract data (9), with the field of issuers where the version has it, and for historical ticks (96)', async () => {
    const { client, close } = await connected()
    for (const [i, contract] of contracts.entries()) {
      const withIssuer = SERVER_VERSIONS[name] >= 176 ? '|' : ''
      client.send(...words(`9|8|${200 + i}|${contract}|0||${withIssuer}`))
      const answer = () => client.frames().find(([id, request]) => id === '10' && request === String(200 + i))
      await client.until(() => answer() !== undefined, 'contract data')
      expect(named(answer() ?? [], SERVER_VERSIONS[name])).toMatchObject({ conId: '265598', symbol: 'AAPL' })
      await client.until(() => client.frames().some(([id, , request]) => id === '52' && request === String(200 + i)), 'its end')
      for (const [what, message] of [
        ['TRADES', '98'],
        ['MIDPOINT', '96'],
      ] as const) {
        const rid = 300 + 10 * i + Number(message === '96')
        client.send(...words(`96|${rid}|${contract}|0|20251120 15:00:0${i} UTC||5|${what}|1|0|`))
        const page = () => client.frames().find(([id, request]) => id === message && request === String(rid))
        await client.until(() => page() !== undefined, `a page of ${what}`)
        const { ticks, done } = named(page() ?? [], SERVER_VERSIONS[name]) as { ticks: unknown[]; done: string }
        expect([ticks.length >= 5, done]).toEqual([true, '1'])
      }
    }
    await close()
  })

  it.each([
    ['the time', '49|1', { id: '49', fields: { version: '1' } }],
    ['an order id', '8|1|1', { id: '9', fields: { version: '1' } }],
    ['managed accounts', '17|1', { id: '15', fields: { accounts: 'DU1234567' } }],
    ['positions', '61|1', { id: '62', fields: { version: '1' } }],
    ['open orders', '5|1', { id: '53', fields: { version: '1' } }],
    ['all open orders', '16|1', { id: '53', fields: { version: '1' } }],
    ['completed orders', '99|0', { id: '102', fields: {} }],
    ['account updates', '6|2|1|DU1234567', { id: '54', fields: { account: 'DU1234567' } }],
    ['account updates of a model', '76|1|41|DU1234567||0', { id: '74', fields: { reqId: '41' } }],
    ['executions', '7|3|42|0||||||||', { id: '55', fields: { reqId: '42' } }],
    ['an account summary', '62|1|43|All|NetLiquidation', { id: '64', fields: { reqId: '43' } }],
    ['an option chain', '78|44|AAPL||STK|265598', { id: '75', fields: { reqId: '44', underConId: '265598' } }],
    ['symbols', '81|45|AAPL', { id: '79', fields: { reqId: '45' } }],
    ['a market rule', '91|26', { id: '93', fields: { ruleId: '26' } }],
    ['the user', '104|46', { id: '107', fields: { reqId: '46' } }],
  ])('ask for %s', async (_, request, { id, fields }) => {
    const { client, close } = await connected()
    const welcomed = client.frames().length
    client.send(...words(request))
    await client.until(() => client.frames().length > welcomed, 'the answer')
    const answer = client.frames()[welcomed] ?? []
    expect([answer[0], named(answer, SERVER_VERSIONS[name])]).toEqual([id, expect.objectContaining(fields)])
    await close()
  })

  it('ask for a bond (9 → 18), for the top of the book (1 → 58) and end that (2)', async () => {
    const { client, close } = await connected()
    const withIssuer = SERVER_VERSIONS[name] >= 176 ? '|' : ''
    const bond = BY_ID[name].replace('265598', '594126321')
    const answerOf = (id: string, rid: number, at = 1) => client.frames().find((fields) => fields[0] === id && fields[at] === String(rid))
    client.send(...words(`9|8|500|${bond}|0||${withIssuer}`))
    await client.until(() => answerOf('18', 500) !== undefined, 'the bond')
    expect(named(answerOf('18', 500) ?? [], SERVER_VERSIONS[name])).toMatchObject({ conId: '594126321', secType: 'BOND' })
    client.send(...words(`1|11|501|${BY_ID[name]}|0||0|0|`))
    await client.until(() => answerOf('4', 501, 2) !== undefined, 'the refusal')
    expect(named(answerOf('58', 501, 2) ?? [], SERVER_VERSIONS[name])).toEqual({ version: '1', reqId: '501', type: '1' })
    client.send(...words('2|2|501'))
    await client.until(() => client.frames().some(([id, , rid, code]) => id === '4' && rid === '501' && code === '300'), 'the cancel')
    await close()
  })

  it('say what needs no answer: market data type (59), log level (14), auto open orders (15), cancels (63, 64, 77), unknown ones', async () => {
    const { client, close } = await connected()
    const welcomed = client.frames().length
    for (const request of ['59|1|1', '14|1|5', '15|1|1', '63|1|43', '64|1', '77|1|41', '4711|1|x', '49|1']) client.send(...words(request))
    await client.until(() => client.frames().length > welcomed, 'the time')
    expect(
      client
        .frames()
        .slice(welcomed)
        .map(([id]) => id),
    ).toEqual(['49'])
    await close()
  })
})
