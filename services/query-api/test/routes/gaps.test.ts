import { type GapEvent, isoFromUs, type RecorderEvent, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, DAY_US, openRecording, type Recording } from '../../../../libs/tape/test/recording.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const [ONE, TWO] = CIDS
const END = DAY_US + 5 * US_PER_HOUR
let recording: Recording
let server: StandingServer

const gap = (cid: number, fromUs: number, toUs: number): GapEvent => ({
  kind: 'gap',
  st: toUs,
  epoch: 1,
  cid,
  tt: 'last',
  fromUs,
  toUs,
  cause: 'disconnected',
  reason: 'the gateway went away',
})

beforeAll(async () => {
  recording = await openRecording()
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined }, nowUs: () => END })
  const subscribed = (cid: number, st: number): RecorderEvent => ({
    kind: 'subscription',
    st,
    epoch: 1,
    cid,
    tt: 'last',
    rid: 1,
    state: 'subscribed',
  })
  const events = [
    subscribed(ONE, DAY_US),
    subscribed(TWO, DAY_US + 1),
    gap(ONE, DAY_US + US_PER_HOUR, DAY_US + US_PER_HOUR + 30 * US_PER_SECOND),
    gap(TWO, DAY_US + 2 * US_PER_HOUR, DAY_US + 2 * US_PER_HOUR + 1.5 * US_PER_SECOND),
    { ...gap(ONE, DAY_US + 4 * US_PER_HOUR, 0), kind: 'gap_opened', st: DAY_US + 4 * US_PER_HOUR + 1 } as RecorderEvent,
  ]
  for (const event of events) recording.publisher.add({ subject: `ib.events.${event.kind}`, line: JSON.stringify(event) })
  await recording.publisher.settled(AbortSignal.timeout(10_000))
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

async function gaps(query: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${server.url}/v3/gaps?${query}`)
  return ((await response.json()) as { gaps: Record<string, unknown>[] }).gaps
}

test('lists the gaps of a range, oldest first, one that goes on until now', async () => {
  const all = await gaps('start_time=0')
  expect(all.map(({ contract_id, seconds, is_open }) => [contract_id, seconds, is_open])).toEqual([
    [ONE, 30, false],
    [TWO, 1.5, false],
    [ONE, 3_600, true],
  ])
  expect(all[0]).toMatchObject({ tick_type: 'last', cause: 'disconnected', from: isoFromUs(DAY_US + US_PER_HOUR), filled: null })
})

test('chooses by contract, type and time', async () => {
  expect(await gaps(`start_time=0&contracts=${TWO}`)).toHaveLength(1)
  expect(await gaps('start_time=0&tick_types=bid_ask')).toEqual([])
  expect(await gaps(`start_time=${DAY_US}&end_time=${DAY_US + US_PER_HOUR}`)).toEqual([])
  expect(await gaps(`start_time=${DAY_US}&end_time=${DAY_US + US_PER_HOUR + 1}`)).toHaveLength(1)
})
