import { type Bus, type LogMessage, pause, readLog } from '@ib-stream/bus'
import { compareTicks, hourOf, partitionOf, type TickMessage, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, type Backend, decodeTickJson, openRange, readPosition, type TickRange } from '@ib-stream/storage'
import { TapeError } from './errors.ts'
import { mergeTail } from './merge-tail.ts'
import { readTail } from './read-tail.ts'

/** `not_needed`: the files hold the whole range. `read`: completed from the log. `unavailable`: the log did not answer, the newest ticks may be missing. */
export type TailState = 'not_needed' | 'read' | 'unavailable'

export interface HistoryOptions {
  dataDir: string
  /** Default: all. */
  backends?: readonly Backend[]
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` included, µs UTC; `endUs` is the first left out. */
  startUs: number
  endUs: number
  /** Most ticks in all. @default no limit */
  limit?: number
  /** @default 4096 */
  batchTicks?: number
  /** Where the log is; without it files alone answer. */
  bus?: Bus | undefined
  /** For which hours the log is looked at as well: those that are not closed, or all, where late ticks (filled in from IB's history) count. @default 'open' */
  tailOf?: 'open' | 'all'
  signal: AbortSignal
}

/** A range of ticks as files and log held it when it was opened. */
export interface History extends AsyncDisposable {
  readonly tail: TailState
  /** Ticks of the range that came from the log. */
  readonly tailTicks: number
  /** Unreadable places in files that no checkpoint vouches for, so far. */
  readonly damage: TickRange['damage']
  /** In query order; batches are never empty and belong to the caller. @throws StorageError; `signal.reason` after files are closed */
  batches(): AsyncIterable<readonly TickMessage[]>
  close(): Promise<void>
}

/** An hour is closed when the log is this far past it. */
const CLOSED_AFTER_US = 600 * US_PER_SECOND
/** Ticks of the range that the log may have to add; about 60 MB. Writers are behind by some hundred, normally. */
export const MOST_TAIL_TICKS = 250_000
/** A log that was trimmed while we looked: look at the files again, so often. */
const START_OVER_TIMES = 3
const START_OVER_AFTER_MS = 200
/** How long an answer waits for ingest to refill a log that lost its tail. */
const REFILL_WITHIN_MS = 3_000
const REFILL_LOOK_MS = 100
const DEFAULT_BATCH_TICKS = 4_096

/**
 * Opens a range of files and, where it reaches past the hours that are closed, adds from the log what the files do not hold yet: a message at sequence q counts
 * when q is above what the files of its partition hold. So an answer is not short because a writer is behind.
 * @throws StorageError; TapeError `IBS_TAPE_TAIL_GONE`, `IBS_TAPE_TAIL_TOO_LONG`; `signal.reason`
 */
export async function openHistory(options: HistoryOptions): Promise<History> {
  for (let turn = 0; turn < START_OVER_TIMES; turn++) {
    if (turn > 0) await pause(START_OVER_AFTER_MS, options.signal)
    options.signal.throwIfAborted()
    const closedUs = await closedUntilUs(options)
    const range = await openRange(options)
    try {
      const tail = options.tailOf !== 'all' && options.endUs <= closedUs ? NOT_NEEDED : await tailOf(options, range.positions)
      if (tail !== 'gone') return new JoinedHistory(options, range, tail)
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

interface Tail {
  state: TailState
  ticks: readonly TickMessage[]
}

const NOT_NEEDED: Tail = { state: 'not_needed', ticks: [] }
const UNAVAILABLE: Tail = { state: 'unavailable', ticks: [] }
const NOTHING_MORE: Tail = { state: 'read', ticks: [] }

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

async function tailOf(options: HistoryOptions, positions: ReadonlyMap<number, number>): Promise<Tail | 'gone'> {
  const { bus, signal } = options
  if (bus?.state !== 'connected') return UNAVAILABLE
  const furthest = Math.max(0, ...positions.values())
  const log = await logFrom(bus, furthest, signal)
  if (log === 'away') return UNAVAILABLE
  if (log === 'none') return NOTHING_MORE
  const ticks: TickMessage[] = []
  for (const cid of new Set(options.cids)) {
    const position = positions.get(partitionOf(cid)) ?? 0
    if (position > 0 && log.firstSeq > position + 1) return 'gone'
    if (position >= log.lastSeq) continue
    const fromSeq = Math.max(position + 1, log.firstSeq)
    const part = { bus, filter: filterOf(cid, options.tts), spoolId: log.owner.spoolId, fromSeq, toSeq: log.lastSeq, signal }
    const end = await readTail(part, (message) => collect(message, options, ticks))
    if (end === 'timed_out') return UNAVAILABLE
    if (end === 'cut') return 'gone'
  }
  return { state: 'read', ticks: ticks.sort(compareTicks) }
}

type Log = NonNullable<Awaited<ReturnType<typeof readLog>>>

/** The log once it is as far as the files: one that lost its tail is being refilled. `none`: nothing was ever recorded. */
async function logFrom(bus: Bus, position: number, signal: AbortSignal): Promise<Log | 'away' | 'none'> {
  const deadlineMs = performance.now() + REFILL_WITHIN_MS
  do {
    try {
      const log = await readLog(bus.manager)
      if (log && log.lastSeq >= position) return log
      if (!log && position === 0) return 'none'
    } catch {
      return 'away' // time-out or no connection: the caller says so in the answer
    }
    await pause(REFILL_LOOK_MS, signal)
  } while (performance.now() < deadlineMs)
  return 'away'
}

function filterOf(cid: number, tts: readonly TickType[]): string {
  return `ticks.${partitionOf(cid)}.${cid}.${new Set(tts).size === 1 ? tts[0] : '*'}`
}

function collect({ payload, subject }: LogMessage, { startUs, endUs, tts }: HistoryOptions, ticks: TickMessage[]): void {
  if (!tts.some((tt) => subject.endsWith(`.${tt}`))) return
  for (const line of Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8').split('\n')) {
    if (line === '' || !isInRange(line, startUs, endUs)) continue
    if (ticks.length >= MOST_TAIL_TICKS) throw tailTooLong()
    ticks.push(decodeTickJson(line))
  }
}

const TS_AT = '{"ts":'.length

/** `ts` is the first key of every line, so it is read without parsing the rest. */
function isInRange(line: string, startUs: number, endUs: number): boolean {
  const ts = Number(line.slice(TS_AT, line.indexOf(',', TS_AT)))
  return ts >= startUs && ts < endUs
}

function tailTooLong(): TapeError {
  return new TapeError(
    'IBS_TAPE_TAIL_TOO_LONG',
    `more than ${MOST_TAIL_TICKS} ticks of this range are not in files yet; wait until the writers have caught up, or ask for a shorter range`,
    { mostTicks: MOST_TAIL_TICKS },
  )
}

class JoinedHistory implements History {
  readonly tail: TailState
  readonly tailTicks: number
  readonly #options: HistoryOptions
  readonly #range: TickRange
  readonly #ticks: readonly TickMessage[]

  constructor(options: HistoryOptions, range: TickRange, tail: Tail) {
    this.#options = options
    this.#range = range
    this.#ticks = tail.ticks
    this.tail = tail.state
    this.tailTicks = tail.ticks.length
  }

  get damage(): TickRange['damage'] {
    return this.#range.damage
  }

  batches(): AsyncIterable<readonly TickMessage[]> {
    const { limit = Number.POSITIVE_INFINITY, batchTicks = DEFAULT_BATCH_TICKS, signal } = this.#options
    return mergeTail(this.#range.batches({ limit, batchTicks, signal }), this.#ticks, { limit, batchTicks })
  }

  close(): Promise<void> {
    return this.#range.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
