import { type TickMessage, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { momentOf } from '../../src/replay/arrival-order.ts'
import { openReplay, type Replay, type ReplayedTick, type ReplayOptions } from '../../src/replay/open-replay.ts'
import { MAX_SPEED } from '../../src/replay/replay-clock.ts'
import { parseReplayPlace } from '../../src/replay/replay-place.ts'
import { CIDS, DAY_US, market, openRecording, type Recording, randomFrom, TYPES, until } from '../recording.ts'

const HOUR_US = 3_600 * US_PER_SECOND
/** 2 ms apart on average, over the end of an hour. */
const ticks: TickMessage[] = market(6_000, {
  seed: 11,
  fromUs: DAY_US + HOUR_US - 5 * US_PER_SECOND,
  stepUs: 2 * US_PER_MS,
  lateUs: 400 * US_PER_MS,
})
const lastStUs = ticks.at(-1)?.st ?? 0
/** One that was filled in later. */
const filledIn: TickMessage = { ts: DAY_US + HOUR_US, st: lastStUs + 1_000 * US_PER_SECOND, cid: CIDS[0], tt: 'last', rid: 1, p: 1, s: 1 }
let recording: Recording

beforeAll(async () => {
  recording = await openRecording()
  await recording.publish(ticks.slice(0, 3_000))
  const { lastSeq } = await recording.messages().then((all) => ({ lastSeq: all.at(-1)?.seq ?? 0 }))
  for (const cid of CIDS) await recording.write('json', cid, lastSeq) // the rest is in the log alone
  await recording.publish([...ticks.slice(3_000), filledIn])
})
afterAll(async () => {
  await recording[Symbol.asyncDispose]()
})

const open = (options: Partial<ReplayOptions> = {}): Promise<Replay> =>
  openReplay({
    dataDir: recording.dataDir,
    bus: recording.bus,
    cids: CIDS,
    tts: TYPES,
    startUs: DAY_US,
    endUs: DAY_US + 2 * HOUR_US,
    speed: MAX_SPEED,
    signal: AbortSignal.timeout(60_000),
    ...options,
  })

async function all(replay: Replay, most = Number.POSITIVE_INFINITY): Promise<ReplayedTick[]> {
  const given: ReplayedTick[] = []
  for await (const batch of replay.batches()) {
    given.push(...batch)
    if (given.length >= most) break
  }
  return given.slice(0, most)
}

/** Every tick as it came; the one that was filled in at its stamp. */
const wanted = (() => {
  const at = ticks.findIndex(({ st }) => st >= filledIn.ts)
  return [...ticks.slice(0, at), filledIn, ...ticks.slice(at)]
})()

test('gives several contracts in the one order in which their ticks came, from files and log', async () => {
  expect((await all(await open())).map(({ tick }) => tick)).toEqual(wanted)
})

test('property: exactly the rest follows any place', async () => {
  const given = await all(await open())
  const random = randomFrom(12)
  for (const k of [0, 1, wanted.length - 2, ...Array.from({ length: 12 }, () => Math.floor(random() * wanted.length))]) {
    const after = parseReplayPlace(given[k]?.place ?? '')
    expect((await all(await open({ after }))).map(({ tick }) => tick)).toEqual(wanted.slice(k + 1))
  }
})

/** When each tick came, in ms since the first, and when it should have come. */
async function timed(replay: Replay, count: number, speed: number) {
  const came: { atMs: number; dueMs: number }[] = []
  const firstUs = wanted[0]?.st ?? 0
  let startMs: number | undefined
  for await (const batch of replay.batches()) {
    const nowMs = performance.now()
    startMs ??= nowMs
    for (const { tick } of batch) came.push({ atMs: nowMs - startMs, dueMs: (momentOf(tick) - firstUs) / US_PER_MS / speed })
    if (came.length >= count) break
  }
  return came
}

test.each([1, 5])('keeps the original spacing at ×%i: no tick before its time, and in the median within 5 ms of it', async (speed) => {
  let median = Number.NaN
  for (let attempt = 0; attempt < 4 && !(median < 5); attempt++) {
    const came = await timed(await open({ speed }), 300 * speed, speed)
    const late = came.map(({ atMs, dueMs }) => atMs - dueMs).toSorted((a, b) => a - b)
    expect(late[0]).toBeGreaterThan(-5) // all are measured from the first, which may itself have come late
    expect(came.at(-1)?.dueMs).toBeGreaterThan(400)
    median = late[Math.floor(late.length / 2)] ?? Number.NaN
  }
  expect(median).toBeLessThan(5) // of several attempts: the machine may be busy with other things
})

test('a pause holds back everything, and what follows it is not given in a burst', async () => {
  await using replay = await open({ speed: 1 })
  const iterator = replay.batches()[Symbol.asyncIterator]()
  for (let i = 0; i < 20; i++) await iterator.next()
  replay.setPaused(true)
  const { positionUs } = replay
  const next = iterator.next()
  expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 300, 'nothing'))])).toBe('nothing')
  expect(replay.positionUs).toBe(positionUs)
  replay.setPaused(false)
  const first = (await next).value ?? []
  expect(first[0]?.tick.st - positionUs).toBeLessThan(100 * US_PER_MS)
  expect(first.length).toBeLessThan(100)
  await iterator.return?.()
})

test('the speed can change while it runs', async () => {
  await using replay = await open({ speed: 0.1 })
  const startMs = performance.now()
  const reading = all(replay)
  await until('it runs slowly', () => performance.now() - startMs > 100)
  expect(replay.positionUs).toBeLessThan((wanted[0]?.st ?? 0) + 200 * US_PER_MS)
  replay.setSpeed(1_000)
  expect((await reading).map(({ tick }) => tick)).toEqual(wanted)
  expect(performance.now() - startMs).toBeLessThan(10_000) // the tape lasts twelve seconds and a gap
})

test('seeks forwards and backwards, also while it is paused', async () => {
  await using replay = await open({ speed: 1 })
  const iterator = replay.batches()[Symbol.asyncIterator]()
  await iterator.next()
  const [there, back] = [wanted[4_000]?.st ?? 0, wanted[100]?.st ?? 0]
  for (const [toUs, k] of [
    [there, 4_000],
    [back, 100],
    [there + 1, 4_001],
  ] as const) {
    replay.setPaused(true)
    replay.seek(toUs)
    replay.setPaused(false)
    expect((await iterator.next()).value?.[0]?.tick).toEqual(wanted[k])
  }
  replay.setSpeed(MAX_SPEED)
  const rest: TickMessage[] = []
  for (let next = await iterator.next(); !next.done; next = await iterator.next())
    rest.push(...next.value.map(({ tick }: ReplayedTick) => tick))
  expect(rest).toEqual(wanted.slice(-rest.length))
  expect(rest.length).toBeGreaterThan(1_500)
})

test('is over when it is sought beyond its end, and throws the reason of its signal', async () => {
  await using replay = await open({ speed: 1 })
  const iterator = replay.batches()[Symbol.asyncIterator]()
  await iterator.next()
  replay.seek(DAY_US + 4 * HOUR_US)
  expect((await iterator.next()).done).toBe(true)
  const stop = new AbortController()
  const reading = all(await open({ speed: 0.1, signal: stop.signal }))
  stop.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
})
