import { createHash } from 'node:crypto'
import { codeOf, TICK_TYPES, type TickMessage, type TickType, US_PER_HOUR } from '@ib-stream/model'
import { type ColumnLife, rowsOf, type TickColumns } from '../codec/columns.ts'
import { tickOfRow } from '../codec/tick-of-row.ts'
import { StorageError } from '../errors.ts'
import { BACKENDS, isBackend, type OwnBackend } from '../layout/backend.ts'
import { type Damage, DamageList } from './damage.ts'
import { mergeColumns } from './merge-columns.ts'
import type { RemovedHour, SegmentRead } from './plan.ts'
import { type PlannedRange, planHourAgain, planRange, type RangeOptions } from './plan-range.ts'
import { chunkMemory, measureSegment, rawHour } from './raw-slices.ts'
import { type Order, type RowBounds, readSegment } from './read-segment.ts'
import type { ReadContext } from './segment-file.ts'

/** A part of a range: `[startUs, endUs)` on `ts`, µs UTC. */
export interface Within {
  startUs: number
  endUs: number
}

export interface BatchOptions {
  /** A part of the range. @default all of it */
  within?: Within
  /** Some of its tick types. @default all of them */
  tts?: readonly TickType[]
  /** Most ticks in a batch. @default 4096 */
  batchTicks?: number
  /** Most ticks in all. @default no limit */
  limit?: number
  /** `descending` is exactly the reverse: the newest ticks first. @default 'ascending' */
  order?: Order
  /** Checked before each read; files are closed before its reason is thrown. */
  signal?: AbortSignal
}

export interface ByteOptions {
  /** A part of the range. @default all of it */
  within?: Within
  /** Lines of JSON, or protobuf records behind their lengths. */
  format: OwnBackend
  /** Most bytes read at once. @default 256 KiB */
  chunkBytes?: number
  /**
   * `kept`: each chunk belongs to the caller. `lent`: it is good only until the next one is asked for, for callers that are done with it by then (wait for the
   * callback of `write`); some times as fast, because no chunk needs new memory. @default 'kept'
   */
  chunks?: 'kept' | 'lent'
  signal?: AbortSignal
}

/** A range of ticks as the files held it when it was opened; what is committed later is not in it. */
export interface TickRange extends AsyncDisposable {
  /** For the partition of each contract: last log sequence that the files of its furthest backend hold; 0 without a checkpoint. What comes after it is in the log. */
  readonly positions: ReadonlyMap<number, number>
  /** What could not be read so far in files that no checkpoint vouches for. */
  readonly damage: readonly Damage[]
  /** Hours that lack ticks which no backend of the range holds any more: retention took them, or repair could not save them. They are not in the answer. */
  readonly removed: readonly RemovedHour[]
  /** Files that the range reads, and their bytes that count; what lies outside the range but in one of them is counted. */
  readonly files: number
  readonly fileBytes: number
  /** Another one for every other content: which files the range reads, and how much of each. A hash in hexadecimal digits. */
  readonly fingerprint: string
  /**
   * Committed ticks in query order (ts, st, cid, tt, place in file). Batches are never empty and belong to the caller. Only the files of the hour being read
   * are open. Memory does not grow with the range, nor with a file: one chunk and some thousand rows for each file of an hour, and a bounded window of ticks for
   * each that is not sorted.
   *
   * Where a file was removed or replaced since the range was opened (retention, repair), its hour is taken from where the same ticks are now. Where nothing is known to
   * hold them the reading ends with `IBS_STORAGE_SEGMENT_GONE`: open the range again, from the first tick on or, having kept what came, from the `ts` of the last
   * one given; of that `ts` drop as many ticks as were given before.
   * @throws StorageError `IBS_STORAGE_RECORD_TORN` (path, offset) for damage inside committed bytes, `IBS_STORAGE_SEGMENT_GONE`, `IBS_STORAGE_CLOSED`
   */
  batches(options?: BatchOptions): AsyncIterable<readonly TickMessage[]>
  /** As {@link batches}, in typed columns: no object for each tick, several times as fast. */
  columns(options?: BatchOptions): AsyncIterable<TickColumns>
  /**
   * The records of the range in query order, as bytes in one format. An hour that lies in one sorted file of this format is passed on as it lies there, unparsed, so
   * that a chunk may end inside a record and damage that leaves the stamps alone is not looked for; any other hour is decoded, merged and written anew.
   */
  bytes(options: ByteOptions): AsyncIterable<Uint8Array>
  /** How many ticks the range has, and the bytes of their records in the files: from manifests, else by their stamps. Records that are damaged behind their stamps are counted. */
  measure(options?: { signal?: AbortSignal }): Promise<{ ticks: number; bytes: number }>
  first(options?: { signal?: AbortSignal }): Promise<TickMessage | undefined>
  /** The last ticks of the range, at most `count`, in query order; only the newest files are read. */
  last(count: number, options?: Pick<BatchOptions, 'tts' | 'signal'>): Promise<TickMessage[]>
  /** Ends readings under way at their next read. Idempotent. */
  close(): Promise<void>
}

/**
 * Looks at the checkpoints and sizes of the files of a range, reads nothing yet. For each partition: checkpoint, sizes, checkpoint again; unless it is the same,
 * looked at again, some times at most.
 * @throws StorageError `IBS_STORAGE_RANGE_INVALID`, `IBS_STORAGE_RANGE_UNSTABLE`, `IBS_STORAGE_CHECKPOINT_AHEAD`, `IBS_STORAGE_MANIFEST_AHEAD`
 */
export async function openRange(options: RangeOptions): Promise<TickRange> {
  assertRange(options)
  return new OpenRange(options, await planRange(options))
}

function assertRange({ startUs, endUs, cids, tts, backends }: RangeOptions): void {
  const problems = [
    Number.isSafeInteger(startUs) && Number.isSafeInteger(endUs) && startUs < endUs
      ? ''
      : `startUs ${startUs} must be a whole µs below endUs ${endUs}`,
    cids.every((cid) => Number.isSafeInteger(cid) && cid > 0) && cids.length > 0 ? '' : 'cids must name contracts above 0',
    tts.every((tt) => TICK_TYPES.includes(tt)) && tts.length > 0 ? '' : `tts must be some of ${TICK_TYPES.join(', ')}`,
    backends === undefined || (backends.length > 0 && backends.every(isBackend)) ? '' : `backends must be some of ${BACKENDS.join(', ')}`,
  ].filter((problem) => problem !== '')
  if (problems.length > 0) throw new StorageError('IBS_STORAGE_RANGE_INVALID', problems.join('; '), { startUs, endUs, cids, tts, backends })
}

/** How an hour is read. */
interface HourRead {
  batchTicks: number
  order: Order
  life: ColumnLife
  within: Within | undefined
  signal: AbortSignal | undefined
}

const MAX_CHUNK_BYTES = 256 * 1024
const MIN_CHUNK_BYTES = 16 * 1024
/** Chunks of all files of an hour together: a hundred contracts must not take a hundred times the memory of one. */
const ALL_CHUNKS_BYTES = 8 * 1024 * 1024

const DEFAULT_BATCH_TICKS = 4096

class OpenRange implements TickRange {
  readonly positions: ReadonlyMap<number, number>
  readonly #options: RangeOptions
  readonly removed: readonly RemovedHour[]
  readonly #hours: SegmentRead[][]
  readonly #damage = new DamageList()
  #closed = false

  constructor(options: RangeOptions, { hours, removed, positions }: PlannedRange) {
    this.#options = options
    this.#hours = hours
    this.removed = removed
    this.positions = positions
  }

  get damage(): readonly Damage[] {
    return this.#damage.all
  }

  get files(): number {
    return this.#hours.reduce((sum, hour) => sum + hour.length, 0)
  }

  get fileBytes(): number {
    return this.#hours.flat().reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get fingerprint(): string {
    const hash = createHash('sha256').update(`${this.#options.startUs} ${this.#options.endUs}`)
    for (const { segment, bytes, inode, bornMs } of this.#hours.flat()) hash.update(`\n${segment.path} ${bytes} ${inode} ${bornMs}`)
    return hash.digest('hex').slice(0, 32)
  }

  async *batches(options: BatchOptions = {}): AsyncGenerator<readonly TickMessage[], void, undefined> {
    for await (const columns of this.#columns(options, 'lent')) yield ticksOf(columns)
  }

  columns(options: BatchOptions = {}): AsyncGenerator<TickColumns, void, undefined> {
    return this.#columns(options, 'kept')
  }

  async *#columns(options: BatchOptions, life: ColumnLife): AsyncGenerator<TickColumns, void, undefined> {
    const { batchTicks = DEFAULT_BATCH_TICKS, limit = Number.POSITIVE_INFINITY, order = 'ascending', within, tts, signal } = options
    if (!(Number.isInteger(batchTicks) && batchTicks > 0 && limit >= 0)) {
      throw new StorageError(
        'IBS_STORAGE_RANGE_INVALID',
        `batchTicks ${batchTicks} must be a whole number above 0, limit ${limit} not below 0`,
        { batchTicks, limit },
      )
    }
    signal?.throwIfAborted()
    let left = limit
    const hours = this.#hoursIn(within)
    for (const nth of order === 'ascending' ? hours : hours.reverse()) {
      if (left <= 0) return
      const read = { batchTicks: Math.min(batchTicks, left), order, life, within, signal }
      for await (const columns of this.#whereverItIs(nth, (hour) => this.#merged(ofTypes(hour, tts), read))) {
        yield columns.length <= left ? columns : rowsOf(columns, 0, left)
        left -= columns.length
        if (left <= 0) return
        signal?.throwIfAborted() // also between batches of rows that are at hand
      }
    }
  }

  async *bytes(options: ByteOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const { format, chunkBytes = MAX_CHUNK_BYTES, chunks = 'kept', within, signal } = options
    if (!BACKENDS.includes(format) || !(Number.isInteger(chunkBytes) && chunkBytes > 0) || !['kept', 'lent'].includes(chunks)) {
      throw new StorageError(
        'IBS_STORAGE_RANGE_INVALID',
        `format ${format} must be one of ${BACKENDS.join(', ')}, chunkBytes ${chunkBytes} a whole number above 0, chunks ${chunks} kept or lent`,
        { format, chunkBytes, chunks },
      )
    }
    signal?.throwIfAborted()
    const memory = chunkMemory(chunks, chunkBytes)
    const read = { batchTicks: DEFAULT_BATCH_TICKS, order: 'ascending', life: 'lent', within, signal } as const
    for (const nth of this.#hoursIn(within)) {
      yield* this.#whereverItIs(nth, (hour) =>
        rawHour(hour, { format, memory }, { ...this.#contextOf(hour, signal), ...within }, () => this.#merged(hour, read)),
      )
    }
  }

  async measure({ signal }: { signal?: AbortSignal } = {}): Promise<{ ticks: number; bytes: number }> {
    const sum = { ticks: 0, bytes: 0 }
    for (const nth of this.#hours.keys()) {
      for await (const { ticks, bytes } of this.#whereverItIs(nth, (hour) => this.#measured(hour, signal))) {
        sum.ticks += ticks
        sum.bytes += bytes
      }
    }
    return sum
  }

  async first(options: { signal?: AbortSignal } = {}): Promise<TickMessage | undefined> {
    for await (const [tick] of this.batches({ ...options, limit: 1 })) return tick
    return undefined
  }

  async last(count: number, options: Pick<BatchOptions, 'tts' | 'signal'> = {}): Promise<TickMessage[]> {
    const ticks: TickMessage[] = []
    for await (const batch of this.batches({ ...options, limit: count, order: 'descending' })) ticks.push(...batch)
    return ticks.reverse()
  }

  /** Places of the hours that a part of the range may need. */
  #hoursIn(within: Within | undefined): number[] {
    const isIn = ([read]: readonly SegmentRead[]) =>
      !within || (read !== undefined && read.segment.hourUs < within.endUs && read.segment.hourUs + US_PER_HOUR > within.startUs)
    return [...this.#hours.keys()].filter((nth) => isIn(this.#hours[nth] ?? []))
  }

  /** Reads an hour. Its files are opened before anything is given, so one that is gone by then can be replaced by where the same ticks are now. */
  async *#whereverItIs<Part>(
    nth: number,
    read: (hour: readonly SegmentRead[]) => AsyncGenerator<Part, void, undefined>,
  ): AsyncGenerator<Part, void, undefined> {
    for (let tries = 1; ; tries++) {
      const hour = this.#hours[nth] ?? []
      let given = false
      try {
        for await (const part of read(hour)) {
          given = true
          yield part
        }
        return
      } catch (error) {
        if (given || tries === MOST_PLACES || codeOf(error) !== 'IBS_STORAGE_SEGMENT_GONE') throw error
        const now = await planHourAgain(this.#options, hour)
        if (now === undefined) throw error
        this.#hours[nth] = now
      }
    }
  }

  async *#measured(hour: readonly SegmentRead[], signal: AbortSignal | undefined) {
    let [ticks, bytes] = [0, 0]
    for (const read of hour) {
      const part = await measureSegment(read, this.#contextOf([read], signal))
      ticks += part.ticks
      bytes += part.bytes
    }
    yield { ticks, bytes }
  }

  #merged(
    hour: readonly SegmentRead[],
    { batchTicks, order, life, within, signal }: HourRead,
  ): AsyncGenerator<TickColumns, void, undefined> {
    const context = { ...this.#contextOf(hour, signal), ...within }
    const isPassedOn = hour.length === 1 && order === 'ascending' // what is merged is copied
    const bounds = { ...boundsOf(hour.length), columns: isPassedOn ? life : 'lent' } as const
    return mergeColumns(
      hour.map((read) => readSegment(read, context, order, bounds)),
      batchTicks,
      order,
      life,
    )
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #contextOf(hour: readonly SegmentRead[], signal: AbortSignal | undefined): ReadContext {
    const { dataDir, startUs, endUs } = this.#options
    const chunkBytes = Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, Math.floor(ALL_CHUNKS_BYTES / hour.length)))
    const checkpoint = () => {
      signal?.throwIfAborted()
      if (this.#closed) throw new StorageError('IBS_STORAGE_CLOSED', 'the range was closed while it was read; open it again', {})
    }
    return { dataDir, startUs, endUs, chunkBytes, damage: this.#damage, checkpoint }
  }
}

/** A file can go once from each backend; those that the engine brings are two, and one's own come to it. */
const MOST_PLACES = 4
const MOST_STREAM_ROWS = 4096
const ALL_STREAM_ROWS = 128 * 1024
const ALL_WINDOW_ROWS = 128 * 1024
const LEAST_ROWS = 256

/** As with chunks: all files of an hour together take no more than some times as much as one. */
function boundsOf(files: number): Omit<RowBounds, 'columns'> {
  return {
    streamRows: Math.max(LEAST_ROWS, Math.min(MOST_STREAM_ROWS, Math.floor(ALL_STREAM_ROWS / files))),
    windowRows: Math.max(2 * LEAST_ROWS, Math.floor(ALL_WINDOW_ROWS / files)),
  }
}

const ofTypes = (hour: readonly SegmentRead[], tts: readonly TickType[] | undefined): readonly SegmentRead[] =>
  tts ? hour.filter(({ segment }) => tts.includes(segment.tt)) : hour

const ticksOf = (columns: TickColumns): TickMessage[] => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row))
