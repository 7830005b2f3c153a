import { compareTicks, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type HistoryOptions, openHistory } from '../src/open-history.ts'
import { CIDS, DAY_US, market, openRecording, type Recording, randomFrom, TYPES } from './recording.ts'

const COUNT = 3_000
// four hours of log, with ticks up to 40 minutes late: they land in hours that are already written
const ticks = market(COUNT, { seed: 11, stepUs: 5 * US_PER_SECOND, lateUs: 2_400 * US_PER_SECOND })
const signal = new AbortController().signal
let recording: Recording
let lastSeq = 0

beforeAll(async () => {
  recording = await openRecording()
  await recording.publish(ticks)
  lastSeq = (await recording.messages()).at(-1)?.seq ?? 0
})
afterAll(async () => {
  await recording[Symbol.asyncDispose]()
})

type Ask = Pick<HistoryOptions, 'cids' | 'tts' | 'startUs' | 'endUs'> & { limit?: number }

async function ask(wanted: Ask, options: { bus?: 'none'; batchTicks?: number } = {}): Promise<{ ticks: TickMessage[]; tail: string }> {
  const bus = options.bus === 'none' ? undefined : recording.bus
  await using history = await openHistory({ dataDir: recording.dataDir, ...wanted, bus, signal, batchTicks: options.batchTicks ?? 100 })
  const got: TickMessage[] = []
  for await (const batch of history.batches()) got.push(...batch)
  return { ticks: got, tail: history.tail }
}

/** The same by sorting everything. */
function naive({ cids, tts, startUs, endUs, limit = COUNT }: Ask): TickMessage[] {
  const wanted = ticks.filter((tick) => cids.includes(tick.cid) && tts.includes(tick.tt) && tick.ts >= startUs && tick.ts < endUs)
  return wanted.toSorted(compareTicks).slice(0, limit)
}

const ALL: Ask = { cids: CIDS, tts: TYPES, startUs: DAY_US - US_PER_HOUR, endUs: DAY_US + 24 * US_PER_HOUR }

test('answers from the log alone while there are no files', async () => {
  expect(await ask(ALL)).toEqual({ ticks: naive(ALL), tail: 'read' })
})

test('property: files that are behind by any amount, each backend by its own, plus the log are everything once', async () => {
  const seed = 7
  const random = randomFrom(seed)
  for (let round = 0; round < 6; round++) {
    for (const cid of CIDS)
      for (const backend of ['json', 'pb'] as const)
        await recording.write(backend, cid, Math.floor(lastSeq * Math.min(1, (round + random()) / 5)))
    for (let query = 0; query < 8; query++) {
      const startUs = DAY_US + Math.floor((random() * 5 - 1) * US_PER_HOUR)
      const tts: TickType[] = random() < 0.5 ? ['last'] : ['bid_ask', 'last']
      const wanted: Ask = {
        cids: random() < 0.5 ? [CIDS[query % 3] ?? CIDS[0]] : CIDS,
        tts,
        startUs,
        endUs: startUs + 1 + Math.floor(random() * 4 * US_PER_HOUR),
      }
      if (random() < 0.3) wanted.limit = 1 + Math.floor(random() * 500)
      expect({ seed, round, query, got: (await ask(wanted)).ticks }).toEqual({ seed, round, query, got: naive(wanted) })
    }
  }
})

test('takes a tick at the start and leaves one at the end out', async () => {
  const at = ticks[500]?.ts ?? 0
  const within: Ask = { ...ALL, startUs: at, endUs: at + 1 }
  expect((await ask(within)).ticks).toEqual(ticks.filter(({ ts }) => ts === at).toSorted(compareTicks))
  expect((await ask({ ...ALL, endUs: at })).ticks.some(({ ts }) => ts >= at)).toBe(false)
})

test('asks no log for a range of closed hours', async () => {
  for (const cid of CIDS) for (const backend of ['json', 'pb'] as const) await recording.write(backend, cid, lastSeq)
  const closed: Ask = { ...ALL, endUs: DAY_US + US_PER_HOUR }
  expect(await ask(closed)).toEqual({ ticks: naive(closed), tail: 'not_needed' })
  expect((await ask(closed, { bus: 'none' })).tail).toBe('not_needed')
})

test('answers from files and says so while there is no bus', async () => {
  expect(await ask(ALL, { bus: 'none' })).toEqual({ ticks: naive(ALL), tail: 'unavailable' })
})

test('refuses a range whose rest was trimmed from the log before any writer had it', async () => {
  const young = await openRecording()
  try {
    const few = market(60, { seed: 12 })
    await young.publish(few)
    await young.write('json', CIDS[0], 20)
    await young.bus.manager.streams.purge('TICKS', { seq: 41 })
    const history = openHistory({ ...ALL, cids: [CIDS[0]], dataDir: young.dataDir, bus: young.bus, signal })
    await expect(history).rejects.toMatchObject({ code: 'IBS_TAPE_TAIL_GONE' })
  } finally {
    await young[Symbol.asyncDispose]()
  }
})

test('throws the reason of its signal', async () => {
  const stop = new AbortController()
  stop.abort(new Error('enough'))
  await expect(openHistory({ ...ALL, dataDir: recording.dataDir, bus: recording.bus, signal: stop.signal })).rejects.toThrow('enough')
})

test('looks for late ticks of closed hours in the log where it is told to', async () => {
  for (const cid of CIDS) for (const backend of ['json', 'pb'] as const) await recording.write(backend, cid, lastSeq)
  const newest = ticks.at(-1)?.st ?? 0
  const late: TickMessage = { ts: DAY_US, st: newest + 1, cid: CIDS[0], tt: 'last', rid: 1, p: 10, s: 1, bf: true }
  await recording.publish([late])
  const closed = { dataDir: recording.dataDir, bus: recording.bus, signal, ...ALL, cids: [CIDS[0]], endUs: DAY_US + US_PER_HOUR }
  const ask = async (tailOf: 'open' | 'all') => {
    await using history = await openHistory({ ...closed, tailOf })
    const got: TickMessage[] = []
    for await (const batch of history.batches()) got.push(...batch)
    return got.filter(({ bf }) => bf)
  }
  expect(await ask('all')).toEqual([late])
  expect(await ask('open')).toEqual([])
})
