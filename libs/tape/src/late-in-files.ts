import type { Bus } from '@ib-stream/bus'
import type { TickMessage, TickType } from '@ib-stream/model'
import type { Backend } from '@ib-stream/storage'
import { type HistoryCursor, LATE_AT_MOST_US } from './cursor.ts'
import { TapeError } from './errors.ts'
import { openHistory } from './open-history.ts'
import { isBefore } from './tail.ts'

export interface LateOptions {
  dataDir: string
  backends?: readonly Backend[]
  bus: Bus
  cids: readonly number[]
  tts: readonly TickType[]
  signal: AbortSignal
}

/** As many as the log may have to add: about 60 MB. */
const MOST_LATE_TICKS = 250_000

/**
 * Ticks that came late for a cursor whose log is gone: they lie before its tick, by a day at most, and were received after its answer.
 * @param untilSt of those received up to then, µs UTC: what comes later is the history's that goes on from here, or live
 * @throws TapeError `IBS_TAPE_LOG_AWAY`; as `openHistory`
 * @returns in order of arrival; none where cursor or log do not say the time, or where they would be more than memory is given for
 */
export async function lateInFiles(
  options: LateOptions,
  after: HistoryCursor,
  untilSt: number | undefined,
): Promise<readonly TickMessage[]> {
  const { sinceSt, lateSt, ts } = after
  if (sinceSt === undefined || untilSt === undefined) return []
  const fromSt = Math.max(sinceSt, lateSt)
  const range = { startUs: Math.max(0, ts - LATE_AT_MOST_US), endUs: ts + 1, receivedAfterUs: fromSt, tailOf: 'all' } as const
  const { dataDir, backends, bus, cids, tts, signal } = options
  await using history = await openHistory({ dataDir, ...(backends ? { backends } : {}), bus, cids, tts, signal, ...range })
  if (history.tail === 'unavailable') throw new TapeError('IBS_TAPE_LOG_AWAY', 'the log does not answer; try again', {})
  const late: TickMessage[] = []
  for await (const batch of history.batches()) {
    late.push(...batch.filter((tick) => tick.st > fromSt && tick.st <= untilSt && isBefore(tick, after)))
    if (late.length > MOST_LATE_TICKS) return []
  }
  return late.sort((a, b) => a.st - b.st)
}
