import { openTracked, trackedKey } from '@ib-stream/bus'
import type { Contract, ContractAnswer, ContractQuery } from '@ib-stream/model'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { openRecording, type Recording } from '../../../../libs/tape/test/recording.ts'
import { openContractDesk } from '../../../ingest/src/contracts/contract-desk.ts'
import { openContractDirectory } from '../../src/contracts/contract-directory.ts'
import { CONTRACT } from '../../src/contracts/contract-ref.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const NOW_US = Date.UTC(2025, 10, 26, 19) * 1_000
const STOCK: Contract = {
  cid: 265598,
  symbol: 'AAPL',
  secType: 'STK',
  exchange: 'SMART',
  currency: 'USD',
  timeZoneId: 'US/Eastern',
  tradingHours: '20251125:0400-20251125:2000;20251126:0400-20251126:2000;20251127:CLOSED',
  liquidHours: '20251125:0930-20251125:1600;20251126:0930-20251126:1600;20251127:CLOSED',
  askedUs: 1,
}
const future = (cid: number, lastTradeDate: string): Contract => ({
  ...STOCK,
  cid,
  symbol: 'MNQ',
  secType: 'FUT',
  exchange: 'CME',
  timeZoneId: 'US/Central',
  lastTradeDate,
  contractMonth: lastTradeDate.slice(0, 6),
})
const KNOWN = [STOCK, future(1, '20251121'), future(2, '20251219'), future(3, '20260320')]

let recording: Recording
let asked: string[] = []

/** Answers as ingest's book does, from the contracts above. */
const answer = (contracts: Contract[]): ContractAnswer =>
  contracts.length > 0
    ? { ok: true, contracts, cached: false, ageSeconds: 0 }
    : { ok: false, code: 'IBS_INGEST_NO_CONTRACT', message: 'not there' }

async function lookUp(query: ContractQuery): Promise<ContractAnswer> {
  asked.push(JSON.stringify(query))
  return answer(KNOWN.filter(({ cid, symbol }) => [cid, undefined].includes(query.cid) && [symbol, undefined].includes(query.symbol)))
}

async function resolve(text: string): Promise<ContractAnswer> {
  asked.push(text)
  if (text === 'AWAY') return { ok: false, code: 'IBS_INGEST_GATEWAY_AWAY', message: 'the gateway is away' }
  if (text === 'MNQ') return { ok: false, code: 'IBS_INGEST_NAME_AMBIGUOUS', message: 'MNQ may be 2 (FUT CME USD), 3 (FUT CME USD)' }
  return answer(KNOWN.filter(({ symbol, cid }) => symbol === text || (text === 'MNQ.front' && cid === 2)))
}

beforeAll(async () => {
  recording = await openRecording()
  openContractDesk(recording.bus, { lookUp, resolve })
  const tracked = await openTracked(recording.bus)
  await tracked.put(trackedKey('711280073'), { name: '711280073', symbol: 'ES', tickTypes: ['last'], bufferHours: 1 })
})
afterAll(async () => {
  await recording?.[Symbol.asyncDispose]()
})
beforeEach(() => {
  asked = []
})

describe('a contract by its name', () => {
  const directory = () => openContractDirectory({ bus: () => recording.bus, nowUs: () => NOW_US })
  const name = (text: string) => CONTRACT.rule.parse(text)

  test('an id and the symbol of a tracked contract are known without asking IB', async () => {
    const contracts = directory()
    expect([await contracts.cidOf(name('8314')), await contracts.cidOf(name('es'))]).toEqual([8314, 711280073])
    expect(asked).toEqual([])
  })

  test('anything else is asked for; an answer is kept, a refusal is not', async () => {
    const contracts = directory()
    const cids = await Promise.all(['AAPL', 'aapl', 'MNQ.front'].map((text) => contracts.cidOf(name(text))))
    expect(cids).toEqual([265598, 265598, 2])
    expect(asked.toSorted()).toEqual(['AAPL', 'MNQ.front'])
    await expect(contracts.cidOf(name('NONE'))).rejects.toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNKNOWN' })
    await expect(contracts.cidOf(name('NONE'))).rejects.toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNKNOWN' })
    await expect(contracts.cidOf(name('AWAY'))).rejects.toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNAVAILABLE' })
    await expect(contracts.cidOf(name('MNQ'))).rejects.toMatchObject({ code: 'IBS_QUERY_CONTRACT_AMBIGUOUS', facts: { value: 'MNQ' } })
    expect(asked).toHaveLength(6)
  })

  test('without the bus nothing can be looked up', async () => {
    const contracts = openContractDirectory({ bus: () => undefined, nowUs: () => NOW_US })
    await expect(contracts.cidOf(name('AAPL'))).rejects.toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNAVAILABLE' })
    await expect(contracts.calendar(1)).rejects.toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNAVAILABLE' })
  })
})

describe('over HTTP', () => {
  let server: StandingServer
  beforeAll(async () => {
    server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined }, nowUs: () => NOW_US })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })
  const query = async (contract: string, text: string) => {
    const response = await fetch(`${server.url}/v3/buffer/${contract}/query?${text}`)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test.each([
    ['session=2025-11-26', '2025-11-26T14:30:00.000000Z', '2025-11-26T21:00:00.000000Z'],
    ['session=previous&hours=full', '2025-11-25T09:00:00.000000Z', '2025-11-26T01:00:00.000000Z'],
    ['start_time=yesterday_close', '2025-11-25T21:00:00.000000Z', '2025-11-26T19:00:01.000000Z'],
    ['start_time=week_start&tz=exchange', '2025-11-24T05:00:00.000000Z', '2025-11-26T19:00:01.000000Z'],
    ['start_time=midnight&tz=exchange', '2025-11-26T05:00:00.000000Z', '2025-11-26T19:00:01.000000Z'],
    ['start_time=2025-11-26T09:30&end_time=now&tz=America/New_York', '2025-11-26T14:30:00.000000Z', '2025-11-26T19:00:01.000000Z'],
  ])('AAPL, %s is %s to %s', async (text, start, end) => {
    expect((await query('AAPL', text)).body).toMatchObject({ contract_id: 265598, time_range: { start, end } })
  })

  test('what the calendar does not have, and contracts that nobody knows, are 404', async () => {
    expect(await query('AAPL', 'session=2025-11-27')).toMatchObject({
      status: 404,
      body: { code: 'IBS_QUERY_SESSION_UNKNOWN', field: 'session', value: '2025-11-27' },
    })
    expect(await query('NONE', '')).toMatchObject({
      status: 404,
      body: { code: 'IBS_QUERY_CONTRACT_UNKNOWN', field: 'cid', value: 'NONE' },
    })
    expect(await query('MNQ', '')).toMatchObject({ status: 409, body: { code: 'IBS_QUERY_CONTRACT_AMBIGUOUS' } })
  })

  const page = async (path: string) => (await (await fetch(`${server.url}/v3/contracts/${path}`)).json()) as Record<string, unknown>

  test('contracts are looked up by symbol and by id', async () => {
    expect(await page('lookup/mnq')).toMatchObject({ contracts: [{ cid: 1 }, { cid: 2 }, { cid: 3 }], cached: false, age_seconds: 0 })
    expect(await page('lookup/NONE/STK')).toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNKNOWN' })
    expect(await page('lookup/AAPL/XYZ')).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'sec_type' })
    expect(await page('AAPL')).toMatchObject({ cid: 265598, symbol: 'AAPL' })
  })

  test('hours: status now, as IB writes them, and a day each', async () => {
    expect(await page('AAPL/market-status')).toMatchObject({
      status: 'open',
      is_liquid: true,
      session: '2025-11-26',
      next_close: '2025-11-27T01:00:00.000000Z',
      time_zone: 'America/New_York',
    })
    expect(await page('AAPL/trading-hours')).toMatchObject({ time_zone: 'US/Eastern', liquid_hours: STOCK.liquidHours })
    const { days } = (await page('AAPL/schedule?days=3')) as { days: unknown[] }
    expect(days).toEqual([
      {
        date: '2025-11-26',
        status: 'open',
        source: 'told',
        regular: [{ start: '2025-11-26T14:30:00.000000Z', end: '2025-11-26T21:00:00.000000Z' }],
        full: [{ start: '2025-11-26T09:00:00.000000Z', end: '2025-11-27T01:00:00.000000Z' }],
      },
      { date: '2025-11-27', status: 'closed', source: null, regular: [], full: [] },
      { date: '2025-11-28', status: 'unknown', source: null, regular: [], full: [] },
    ])
    const past = (await page('AAPL/schedule?days=1&from=2025-11-19')) as { days: unknown[] }
    expect(past.days).toMatchObject([
      { date: '2025-11-19', status: 'open', source: 'pattern', regular: [{ start: '2025-11-19T14:30:00.000000Z' }] },
    ])
    expect(await page('AAPL/schedule?from=2025-02-30')).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'from' })
  })
})
