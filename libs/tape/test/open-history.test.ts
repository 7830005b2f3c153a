import { compareTicks, type TickMessage, type TickType, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { decodeTickJson, decodeTicksProto, tickOfRow } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { History } from '../src/joined-history.ts'
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
  await expectEveryForm(history, got, wanted.limit)
  return { ticks: got, tail: history.tail }
}

/** Columns, bytes, the last ticks and the count say the same as the batches. */
async function expectEveryForm(history: History, ticks: readonly TickMessage[], limit: number | undefined): Promise<void> {
  const rows: TickMessage[] = []
  for await (const columns of history.columns()) for (let row = 0; row < columns.length; row++) rows.push(tickOfRow(columns, row))
  expect(rows).toEqual(ticks)
  if (limit !== undefined) return
  const [json, pb]: [Uint8Array[], Uint8Array[]] = [[], []]
  for await (const chunk of history.bytes('json')) json.push(Uint8Array.from(chunk))
  for await (const chunk of history.bytes('pb')) pb.push(Uint8Array.from(chunk))
  const lines = Buffer.concat(json).toString('utf8').split('\n').slice(0, -1)
  expect(lines.map(decodeTickJson)).toEqual(ticks)
  expect(decodeTicksProto(Buffer.concat(pb)).ticks).toEqual(ticks)
  expect(await history.last(7)).toEqual(ticks.slice(-7))
  for (const tt of TYPES) expect(await history.last(7, { tts: [tt] })).toEqual(ticks.filter((tick) => tick.tt === tt).slice(-7))
  expect((await history.measure()).ticks).toBe(ticks.length)
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

test('refuses an answer of which more than a bound is in no file yet, one up to it is given', async () => {
  const range = {
    dataDir: recording.dataDir,
    bus: recording.bus,
    cids: [CIDS[1]],
    tts: TYPES,
    startUs: 0,
    endUs: DAY_US + 24 * US_PER_HOUR,
    signal,
  }
  const inLog = await openHistory(range)
  await inLog.close()
  expect(inLog.tailTicks).toBe(naive({ ...ALL, cids: [CIDS[1]] }).length)
  await using history = await openHistory({ ...range, mostTailTicks: inLog.tailTicks })
  expect(history.tailTicks).toBe(inLog.tailTicks)
  await expect(openHistory({ ...range, mostTailTicks: inLog.tailTicks - 1 })).rejects.toMatchObject({ code: 'IBS_TAPE_TAIL_TOO_LONG' })
})

test('property: files that are behind by any amount, each backend by its own, plus the log are everything once', async () => {
  const seed = 7
  const random = randomFrom(seed)
  for (let round = 0; round < 6; round++) {
    for (const cid of CIDS)
      for (const backend of ['json', 'pb'] as const)
        await recording.write(backend, cid, Math.floor(lastSeq * Math.min(1, (round + random()) / 5)))
    for (let query = 0; query < 5; query++) {
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

test('does not call an answer whole while the log ends below the files: it waits for the refill, and says so when that takes too long', async () => {
  const young = await openRecording()
  try {
    const few = market(60, { seed: 13 }).map((tick): TickMessage => ({ ...tick, cid: CIDS[0] }))
    await young.publish(few)
    const end = (await young.messages()).at(-1)?.seq ?? 0
    await young.write('json', CIDS[0], end + 5) // as after a power cut of the log's server
    const wanted = { ...ALL, cids: [CIDS[0]], dataDir: young.dataDir, bus: young.bus, signal }
    const short = await openHistory(wanted)
    await short.close()
    expect(short.tail).toBe('unavailable')
    const waiting = openHistory(wanted)
    const newest = few.at(-1)?.st ?? 0
    await young.publish(few.slice(0, 5).map((tick, i) => ({ ...tick, st: newest + 1 + i })))
    const whole = await waiting
    await whole.close()
    expect(whole.tail).toBe('read')
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

describe('after a cursor', () => {
  test('property: late ticks of the log and the rest of the range are what the earlier answer lacked, once', async () => {
    const young = await openRecording()
    try {
      const all = market(600, { seed: 13, stepUs: 5 * US_PER_SECOND, lateUs: 2_400 * US_PER_SECOND })
      const [spoolId, cid] = [young.publisher.spool.id, CIDS[0]]
      await young.publish(all.slice(0, 300))
      const lastSeq = (await young.messages()).at(-1)?.seq ?? 0
      await young.publish(all.slice(300))
      const mine = all.filter((tick) => tick.cid === cid)
      const early = mine.filter((tick) => all.indexOf(tick) < 300).toSorted(compareTicks)
      const random = randomFrom(14)
      for (const written of [0, 150, 400, 600]) {
        await young.write('json', cid, written)
        for (let round = 0; round < 5; round++) {
          const given = 1 + Math.floor(random() * (early.length - 1))
          const at = early[given - 1] as TickMessage
          const after = { kind: 'history', spoolId, lastSeq, ts: at.ts, st: at.st, k: 1, lateSt: -1 } as const
          const range = { ...ALL, cids: [cid], startUs: at.ts, dataDir: young.dataDir, bus: young.bus, signal }
          await using history = await openHistory({ ...range, tailOf: 'all', after })
          const rest: TickMessage[] = []
          for await (const batch of history.batches()) rest.push(...batch.filter((tick) => compareTicks(tick, at) > 0))
          expect(history.position).toEqual({ spoolId, seq: (await young.messages()).at(-1)?.seq })
          expect(history.late.map(({ st }) => st)).toEqual(history.late.map(({ st }) => st).toSorted((a, b) => a - b))
          const seen = [...early.slice(0, given), ...history.late, ...rest]
          expect(seen.toSorted(compareTicks)).toEqual(mine.toSorted(compareTicks))
          const half = history.late[Math.floor(history.late.length / 2)]
          if (!half) continue
          await using again = await openHistory({ ...range, tailOf: 'all', after: { ...after, lateSt: half.st } })
          expect(again.late).toEqual(history.late.filter(({ st }) => st > half.st))
        }
      }
    } finally {
      await young[Symbol.asyncDispose]()
    }
  })

  test('says so when the log no longer holds what came since', async () => {
    const young = await openRecording()
    try {
      await young.publish(market(60, { seed: 15 }))
      await young.write('json', CIDS[0], 60)
      await young.bus.manager.streams.purge('TICKS', { seq: 41 })
      const after = { kind: 'history', spoolId: young.publisher.spool.id, lastSeq: 20, ts: DAY_US, st: DAY_US, k: 1, lateSt: -1 } as const
      const history = openHistory({ ...ALL, cids: [CIDS[0]], dataDir: young.dataDir, bus: young.bus, tailOf: 'all', after, signal })
      await expect(history).rejects.toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
    } finally {
      await young[Symbol.asyncDispose]()
    }
  })
})
