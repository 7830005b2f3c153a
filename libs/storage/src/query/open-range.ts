import { partitionOf, TICK_TYPES, type TickMessage, type TickType } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { BACKENDS, type Backend } from '../layout/backend.ts'
import { type Damage, DamageList } from './damage.ts'
import { mergeTicks } from './merge.ts'
import { chooseReads, type SegmentRead } from './plan.ts'
import { type ReadContext, readSegment } from './read-segment.ts'
import { snapshotOf } from './snapshot.ts'

export interface RangeOptions {
  dataDir: string
  /** Default: all. */
  backends?: readonly Backend[]
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` included, µs UTC; `endUs` is the first left out. */
  startUs: number
  endUs: number
}

export interface BatchOptions {
  /** Most ticks in a batch. @default 4096 */
  batchTicks?: number
  /** Most ticks in all. @default no limit */
  limit?: number
  /** Checked before each read; files are closed before its reason is thrown. */
  signal?: AbortSignal
}

/** A range of ticks as the files held it when it was opened; what is committed later is not in it. */
export interface TickRange extends AsyncDisposable {
  /** For the partition of each contract: last log sequence that the files of its furthest backend hold; 0 without a checkpoint. What comes after it is in the log. */
  readonly positions: ReadonlyMap<number, number>
  /** What could not be read so far in files that no checkpoint vouches for. */
  readonly damage: readonly Damage[]
  /**
   * Committed ticks in query order (ts, st, cid, tt, place in file). Batches are never empty and belong to the caller. Only the files of the hour being read
   * are open; memory: one chunk and its ticks for each of them, and all ticks of one of them where it is not sorted.
   * @throws StorageError `IBS_STORAGE_RECORD_TORN` (path, offset) for damage inside committed bytes, `IBS_STORAGE_SEGMENT_GONE`, `IBS_STORAGE_CLOSED`
   */
  batches(options?: BatchOptions): AsyncIterable<readonly TickMessage[]>
  /** Ends readings under way at their next read. Idempotent. */
  close(): Promise<void>
}

/**
 * Looks at the checkpoints and sizes of the files of a range, reads nothing yet. For each partition: checkpoint, sizes, checkpoint again; unless it is the same,
 * looked at again, some times at most.
 * @throws StorageError `IBS_STORAGE_RANGE_INVALID`, `IBS_STORAGE_RANGE_UNSTABLE`, `IBS_STORAGE_CHECKPOINT_AHEAD`
 */
export async function openRange(options: RangeOptions): Promise<TickRange> {
  assertRange(options)
  const backends = options.backends ?? BACKENDS
  const partitions = Map.groupBy(new Set(options.cids), partitionOf)
  const found: SegmentRead[] = []
  const seqs = new Map<string, number>()
  for (const [partition, cids] of partitions) {
    for (const backend of backends) {
      const snapshot = await snapshotOf({ ...options, cids }, backend, partition)
      found.push(...snapshot.reads)
      seqs.set(`${backend}/${partition}`, snapshot.seq)
    }
  }
  const seqOf = (backend: Backend, partition: number) => seqs.get(`${backend}/${partition}`) ?? 0
  const hours = chooseReads(found, (backend, cid) => seqOf(backend, partitionOf(cid)))
  const positions = new Map(
    [...partitions.keys()].map((partition) => [partition, Math.max(0, ...backends.map((backend) => seqOf(backend, partition)))]),
  )
  return new OpenRange(options, hours, positions)
}

function assertRange({ startUs, endUs, cids, tts, backends }: RangeOptions): void {
  const problems = [
    Number.isSafeInteger(startUs) && Number.isSafeInteger(endUs) && startUs < endUs
      ? ''
      : `startUs ${startUs} must be a whole µs below endUs ${endUs}`,
    cids.every((cid) => Number.isSafeInteger(cid) && cid > 0) && cids.length > 0 ? '' : 'cids must name contracts above 0',
    tts.every((tt) => TICK_TYPES.includes(tt)) && tts.length > 0 ? '' : `tts must be some of ${TICK_TYPES.join(', ')}`,
    backends === undefined || (backends.length > 0 && backends.every((backend) => BACKENDS.includes(backend)))
      ? ''
      : `backends must be some of ${BACKENDS.join(', ')}`,
  ].filter((problem) => problem !== '')
  if (problems.length > 0) throw new StorageError('IBS_STORAGE_RANGE_INVALID', problems.join('; '), { startUs, endUs, cids, tts, backends })
}

const MAX_CHUNK_BYTES = 256 * 1024
const MIN_CHUNK_BYTES = 16 * 1024
/** Chunks of all files of an hour together: a hundred contracts must not take a hundred times the memory of one. */
const ALL_CHUNKS_BYTES = 8 * 1024 * 1024

const DEFAULT_BATCH_TICKS = 4096

class OpenRange implements TickRange {
  readonly positions: ReadonlyMap<number, number>
  readonly #options: RangeOptions
  readonly #hours: readonly SegmentRead[][]
  readonly #damage = new DamageList()
  #closed = false

  constructor(options: RangeOptions, hours: readonly SegmentRead[][], positions: ReadonlyMap<number, number>) {
    this.#options = options
    this.#hours = hours
    this.positions = positions
  }

  get damage(): readonly Damage[] {
    return this.#damage.all
  }

  async *batches(options: BatchOptions = {}): AsyncGenerator<readonly TickMessage[], void, undefined> {
    const { batchTicks = DEFAULT_BATCH_TICKS, limit = Number.POSITIVE_INFINITY, signal } = options
    if (!(Number.isInteger(batchTicks) && batchTicks > 0 && limit >= 0)) {
      throw new StorageError(
        'IBS_STORAGE_RANGE_INVALID',
        `batchTicks ${batchTicks} must be a whole number above 0, limit ${limit} not below 0`,
        { batchTicks, limit },
      )
    }
    signal?.throwIfAborted()
    let left = limit
    for (const hour of this.#hours) {
      if (left <= 0) return
      const context = this.#contextOf(hour, signal)
      for await (const batch of mergeTicks(
        hour.map((read) => readSegment(read, context)),
        Math.min(batchTicks, left),
      )) {
        yield batch.length <= left ? batch : batch.slice(0, left)
        left -= batch.length
        if (left <= 0) return
      }
    }
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
