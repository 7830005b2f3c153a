import {
  type Contract,
  type ContractAnswer,
  isoFromUs,
  type TickMessage,
  tradeTick,
  US_PER_DAY,
  US_PER_HOUR,
  US_PER_SECOND,
} from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openContractDesk } from '../../../ingest/src/contracts/contract-desk.ts'
import { type LiveServer, openLiveServer } from '../live-server.ts'

const CID = 265598
const STOCK: Contract = {
  cid: CID,
  symbol: 'AAPL',
  secType: 'STK',
  exchange: 'SMART',
  currency: 'USD',
  timeZoneId: 'US/Eastern',
  tradingHours: '20251125:0400-20251125:2000;20251126:0400-20251126:2000',
  liquidHours: '20251125:0930-20251125:1600;20251126:0930-20251126:1600',
  askedUs: 1,
}
const CLOSE_US = Date.UTC(2025, 10, 25, 21) * 1_000
const OPEN_US = Date.UTC(2025, 10, 26, 14, 30) * 1_000
const trade = (ts: number, p: number, s: number): TickMessage => tradeTick({ tt: 'last', ts, st: ts + 1_000, cid: CID, p, s, ex: 'X' })
/** The end of a session, and the next one from its open on. */
const TRADES = [
  trade(CLOSE_US - 60 * US_PER_SECOND, 100, 10),
  trade(CLOSE_US - 30 * US_PER_SECOND, 102, 30),
  trade(OPEN_US, 110, 5),
  trade(OPEN_US + 90 * US_PER_SECOND, 112, 15),
]
/** A week before, of which IB has told nothing. */
const UNTOLD = TRADES.map(({ ts }, i) => trade(ts - 7 * US_PER_DAY, 100 + i, 1))
const rangeAt = (shiftUs: number): string =>
  `start_time=${isoFromUs(CLOSE_US - US_PER_HOUR + shiftUs)}&end_time=${isoFromUs(OPEN_US + US_PER_HOUR + shiftUs)}`
let live: LiveServer

beforeAll(async () => {
  live = await openLiveServer({ nowUs: () => OPEN_US + 2 * US_PER_HOUR })
  const answer = async (): Promise<ContractAnswer> => ({ ok: true, contracts: [STOCK], cached: false, ageSeconds: 0 })
  openContractDesk(live.recording.bus, { lookUp: answer, resolve: answer })
  await live.recording.publish([...UNTOLD, ...TRADES])
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

async function outputsOf<Output>(path: string, range = rangeAt(0)): Promise<Output[]> {
  const answer = (await (await fetch(`${live.server.url}${path}&${range}`)).json()) as { outputs: Output[] }
  return answer.outputs
}

test('a study begins anew at the open of the contract’s hours with `reset`, and goes on without it', async () => {
  interface Vwap {
    session: string | null
    vwap: { value: number }
    summary: { total_volume: number }
  }
  const [kept, reset] = [await outputsOf<Vwap>(`/v3/studies/${CID}/vwap?`), await outputsOf<Vwap>(`/v3/studies/${CID}/vwap?reset=regular`)]
  expect(kept.map(({ summary }) => summary.total_volume)).toEqual([10, 40, 45, 60])
  expect(reset.map(({ summary }) => summary.total_volume)).toEqual([10, 40, 5, 20])
  expect(reset.map(({ vwap }) => vwap.value)).toEqual([100, 101.5, 110, 111.5])
})

test('bars of four hours lie on the open with `reset`, not on UTC', async () => {
  interface Bar {
    ts: number
    volume: number
    session: string | null
  }
  const bars = await outputsOf<Bar>(`/v3/bars/${CID}?interval=4h&reset=regular`)
  expect(bars.map(({ ts, volume, session }) => [isoFromUs(ts), volume, session])).toEqual([
    ['2025-11-25T18:30:00.000000Z', 40, '2025-11-25'],
    ['2025-11-26T14:30:00.000000Z', 20, '2025-11-26'],
  ])
})

test('regression: with `reset` over days whose hours IB has not told nothing was reset; they are those of the week', async () => {
  interface Vwap {
    session: string | null
    summary: { total_volume: number; session_start: number }
  }
  const outputs = await outputsOf<Vwap>(`/v3/studies/${CID}/vwap?reset=regular`, rangeAt(-7 * US_PER_DAY))
  expect(outputs.map(({ session, summary }) => [session, summary.total_volume, isoFromUs(summary.session_start)])).toEqual([
    ['2025-11-18', 1, '2025-11-18T14:30:00.000000Z'],
    ['2025-11-18', 2, '2025-11-18T14:30:00.000000Z'],
    ['2025-11-19', 1, '2025-11-19T14:30:00.000000Z'],
    ['2025-11-19', 2, '2025-11-19T14:30:00.000000Z'],
  ])
  const untilFar = (start: string) => outputsOf<Vwap>(`/v3/studies/${CID}/vwap?reset=regular`, `start_time=${start}&end_time=2199-01-01Z`)
  expect((await untilFar('0')).slice(0, outputs.length)).toEqual(outputs)
  expect(await untilFar('2190-01-01Z')).toEqual([])
})
