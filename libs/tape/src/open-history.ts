import { type Bus, pause } from '@ib-stream/bus'
import { hourOf, partitionOf, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, type Backend, openRange, readPosition, type TickRange } from '@ib-stream/storage'
import type { HistoryCursor } from './cursor.ts'
import { TapeError } from './errors.ts'
import { type History, JoinedHistory } from './joined-history.ts'
import { emptyTail, type Tail, tailOf } from './tail.ts'

export interface HistoryOptions {
  dataDir: string
  /** Default: all. */
  backends?: readonly Backend[]
  /** Read from this one wherever it holds as much; see `openRange`. */
  prefer?: Backend
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` included, µs UTC; `endUs` is the first left out. */
  startUs: number
  endUs: number
  /** Of the files only what was received after this (`st`, µs UTC). @default all */
  receivedAfterUs?: number
  /** Most ticks in all. @default no limit */
  limit?: number
  /** @default 4096 */
  batchTicks?: number
  /** Where the log is; without it files alone answer. */
  bus?: Bus | undefined
  /**
   * For which hours the log is looked at as well: those that are not closed; or all, where late ticks (filled in from IB's history) count; or none, for what is
   * committed to files. @default 'open'
   */
  tailOf?: 'open' | 'all' | 'none'
  /** Where an earlier answer of this recording ended: what came late since then is in `late`. Its tick is the caller's to pass over. */
  after?: HistoryCursor
  /** Most ticks that the log may have to add. @default 250,000: about 60 MB; writers are behind by some hundred, normally */
  mostTailTicks?: number
  signal: AbortSignal
}

/** An hour is closed when the log is this far past it. */
const CLOSED_AFTER_US = 600 * US_PER_SECOND
/** A log that was trimmed while we looked: look at the files again, so often. */
const START_OVER_TIMES = 3
const START_OVER_AFTER_MS = 200
const DEFAULT_BATCH_TICKS = 4_096

/**
 * Opens a range of files and, where it reaches past the hours that are closed, adds from the log what the files do not hold yet: a message at sequence q counts
 * when q is above what the files of its partition hold. So an answer is not short because a writer is behind.
 * @throws StorageError; TapeError `IBS_TAPE_TAIL_GONE`, `IBS_TAPE_TAIL_TOO_LONG`, `IBS_TAPE_CURSOR_GONE`; `signal.reason`
 */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const { startUs, endUs, limit = Number.POSITIVE_INFINITY, batchTicks = DEFAULT_BATCH_TICKS, signal } = options
  for (let turn = 0; turn < START_OVER_TIMES; turn++) {
    if (turn > 0) await pause(START_OVER_AFTER_MS, signal)
    signal.throwIfAborted()
    const closedUs = await closedUntilUs(options)
    const range = await openRange(options)
    try {
      const tail = await tailFor(options, closedUs, range)
      if (tail === 'late_gone') throw lateGone(options)
      if (tail !== 'gone') return new JoinedHistory({ startUs, endUs, limit, batchTicks, signal }, range, tail)
    } catch (error) {
      await range.close()
      throw error
    }
    await range.close()
  }
  throw new TapeError(
    'IBS_TAPE_TAIL_GONE',
    'the log was trimmed above what the files hold, so the newest ticks of this range are in neither; start the writers, or end the range at the last closed hour',
    { cids: options.cids },
  )
}

async function tailFor(options: HistoryOptions, closedUs: number, { positions }: TickRange): Promise<Tail | 'gone' | 'late_gone'> {
  const { tailOf: which = 'open', endUs, bus } = options
  if (which === 'none') return emptyTail('left_out')
  if (which === 'open' && endUs <= closedUs) return emptyTail('not_needed')
  return tailOf({ ...options, bus }, positions)
}

/** First µs that is not in a closed hour, of the partition that is least far. */
async function closedUntilUs({ dataDir, backends = BACKENDS, cids }: HistoryOptions): Promise<number> {
  let closedUs = Number.POSITIVE_INFINITY
  for (const partition of new Set(cids.map(partitionOf))) {
    const positions = await Promise.all(backends.map((backend) => readPosition(dataDir, backend, partition)))
    const furthest = positions.reduce((best, other) => ((other?.seq ?? -1) > (best?.seq ?? -1) ? other : best), undefined)
    closedUs = Math.min(closedUs, furthest ? hourOf(furthest.newestStUs - CLOSED_AFTER_US) : 0)
  }
  return closedUs
}

function lateGone({ after, cids }: HistoryOptions): TapeError {
  return new TapeError(
    'IBS_TAPE_CURSOR_GONE',
    `the log no longer holds what came after message ${after?.lastSeq}, so ticks that came late since then cannot be told; query the range anew`,
    { cids, lastSeq: after?.lastSeq },
  )
}
