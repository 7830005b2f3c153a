import type { Contract, GapEvent, RecorderEvent } from '@ib-stream/model'
import { isoFromUs, US_PER_HOUR, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openRecording, type Recording } from '../../../../libs/tape/test/recording.ts'
import { openContractDesk } from '../../../ingest/src/contracts/contract-desk.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const CID = 265598
/** A Tuesday; the regular session is 14:30 to 21:00 UTC, the full one 09:00 to 01:00 of the next day. */
const OPEN = usFromMs(Date.UTC(2025, 10, 25, 14, 30))
const NOW = OPEN + 28 * US_PER_HOUR
const STOCK: Contract = {
  cid: CID,
  symbol: 'AAPL',
  secType: 'STK',
  exchange: 'SMART',
  currency: 'USD',
  timeZoneId: 'US/Eastern',
  tradingHours: '20251124:0400-20251124:2000;20251125:0400-20251125:2000;20251126:0400-20251126:2000',
  liquidHours: '20251124:0930-20251124:1600;20251125:0930-20251125:1600;20251126:0930-20251126:1600',
  askedUs: 1,
}
let recording: Recording
let server: StandingServer

const base = { epoch: 1, cid: CID, tt: 'last' } as const
const gap = (fromUs: number, toUs: number): GapEvent => ({
  kind: 'gap',
  st: toUs,
  ...base,
  fromUs,
  toUs,
  cause: 'disconnected',
  reason: 'the gateway went away',
})

beforeAll(async () => {
  recording = await openRecording()
  openContractDesk(recording.bus, {
    lookUp: async ({ cid }) =>
      cid === CID
        ? { ok: true, contracts: [STOCK], cached: false, ageSeconds: 0 }
        : { ok: false, code: 'IBS_INGEST_NO_CONTRACT', message: 'not there' },
    resolve: async () => ({ ok: false, code: 'IBS_INGEST_NO_CONTRACT', message: 'not there' }),
  })
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined }, nowUs: () => NOW })
  const events: RecorderEvent[] = [
    { kind: 'subscription', st: OPEN - US_PER_HOUR, ...base, rid: 1, state: 'subscribed' },
    gap(OPEN + US_PER_HOUR, OPEN + 1.65 * US_PER_HOUR), // 39 minutes of 390
    gap(OPEN + 13 * US_PER_HOUR, OPEN + 14 * US_PER_HOUR), // the night: costs nothing
    gap(OPEN + 26 * US_PER_HOUR, OPEN + 27 * US_PER_HOUR),
    {
      kind: 'backfill',
      st: OPEN + 27.5 * US_PER_HOUR,
      ...base,
      gapFromUs: OPEN + 26 * US_PER_HOUR,
      gapToUs: OPEN + 27 * US_PER_HOUR,
      state: 'filled',
      ticks: 9,
      pages: 1,
    },
  ]
  for (const event of events) recording.publisher.add({ subject: `ib.events.${event.kind}`, line: JSON.stringify(event) })
  await recording.publisher.settled(AbortSignal.timeout(10_000))
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

interface OfType {
  percent: number | null
  seconds: number
  certain_seconds: number
  sessions: Record<string, unknown>[]
  recorded: object[]
  gaps: object[]
}
async function coverage(query: string, cid = CID): Promise<Record<string, unknown> & { tick_types: Record<string, OfType> }> {
  return (await (await fetch(`${server.url}/v3/coverage/${cid}?${query}`)).json()) as ReturnType<typeof coverage> extends Promise<infer A>
    ? A
    : never
}

test('a session is covered but for its gaps; what was filled counts, the night does not', async () => {
  const { last } = (await coverage(`hours=regular&start_time=${OPEN}&end_time=now`)).tick_types
  expect(last?.sessions).toEqual([
    { date: '2025-11-25', source: 'told', seconds: 6.5 * 3_600, certain_seconds: 6.5 * 3_600 - 39 * 60, percent: 90 },
    { date: '2025-11-26', source: 'told', seconds: 4 * 3_600, certain_seconds: 4 * 3_600, percent: 100 },
  ])
  expect(last).toMatchObject({ seconds: 10.5 * 3_600, certain_seconds: 10.5 * 3_600 - 39 * 60, percent: 93.8 })
  expect(last?.gaps).toMatchObject([
    { from: isoFromUs(OPEN + US_PER_HOUR), seconds: 39 * 60, cause: 'disconnected', filled: null },
    { seconds: 3_600, filled: null },
    { seconds: 3_600, filled: 'filled' },
  ])
  expect(last?.recorded).toEqual([{ from: isoFromUs(OPEN), to: isoFromUs(NOW) }])
})

test('before its first subscription nothing was recorded; the future is not missing', async () => {
  const before = await coverage(`hours=regular&session=2025-11-24`)
  expect(before.tick_types.last).toMatchObject({
    percent: 0,
    sessions: [{ date: '2025-11-24', certain_seconds: 0 }],
    recorded: [],
    gaps: [],
  })
  const today = await coverage(`session=2025-11-26&hours=regular`)
  expect(today).toMatchObject({ time_range: { end: isoFromUs(NOW) }, tick_types: { last: { percent: 100, seconds: 4 * 3_600 } } })
  expect((await coverage(`start_time=${NOW + US_PER_HOUR}&end_time=${NOW + 2 * US_PER_HOUR}`)).tick_types.last).toMatchObject({
    percent: null,
    seconds: 0,
  })
})

test('days of which IB has not told are taken from its week, and say so', async () => {
  const { last } = (await coverage('hours=regular&start_time=2025-11-18T00:00Z&end_time=2025-11-20T00:00Z')).tick_types
  expect(last?.sessions).toMatchObject([
    { date: '2025-11-18', source: 'pattern', seconds: 6.5 * 3_600, percent: 0 },
    { date: '2025-11-19', source: 'pattern', seconds: 6.5 * 3_600, percent: 0 },
  ])
})

test('hours=always counts every hour and asks nobody for the hours; a type that was never recorded is 0 %', async () => {
  const all = await coverage(
    `hours=always&start_time=${OPEN + 12 * US_PER_HOUR}&end_time=${OPEN + 16 * US_PER_HOUR}&tick_types=last,bid_ask`,
  )
  expect(all.tick_types).toMatchObject({ last: { percent: 75, sessions: [] }, bid_ask: { percent: 0 } })
  expect((await coverage('hours=always', 99)).tick_types).toEqual({})
})

test('never rounded up, and what cannot be worked out is said', async () => {
  const short = await coverage(`hours=always&start_time=${OPEN}&end_time=${OPEN + US_PER_HOUR + US_PER_SECOND / 1_000}`)
  expect(short.tick_types.last?.percent).toBe(99.99)
  expect(await coverage('', 99)).toMatchObject({ code: 'IBS_QUERY_CONTRACT_UNKNOWN' })
  expect(await coverage('start_time=0')).toMatchObject({ code: 'IBS_QUERY_RANGE_INVALID', field: 'start_time' })
  expect(await coverage('hours=lunch')).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'hours' })
})
