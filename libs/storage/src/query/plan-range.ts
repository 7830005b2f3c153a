import { partitionOf, type TickType, US_PER_HOUR } from '@ib-stream/model'
import { BACKENDS, type Backend } from '../layout/backend.ts'
import { isSameFile } from './file-identity.ts'
import type { LostSegment, RemovedSegment } from './lost-segments.ts'
import { chooseReads, newestStOf, type RemovedHour, type SegmentRead, ticksIn } from './plan.ts'
import { snapshotOf } from './snapshot.ts'

export interface RangeOptions {
  dataDir: string
  /** Default: those that the engine brings. */
  backends?: readonly Backend[]
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` included, µs UTC; `endUs` is the first left out. */
  startUs: number
  endUs: number
  /** Read from this one wherever it is known to hold as much of an hour as the furthest: its bytes may then be passed on as they lie. */
  prefer?: Backend
  /** Only ticks received after this (`st`, µs UTC); files that are known to hold none are not opened. @default all */
  receivedAfterUs?: number
}

export interface PlannedRange {
  /** The files of each hour, hours in order. */
  hours: SegmentRead[][]
  removed: readonly RemovedHour[]
  /** Last log sequence in the files of the furthest backend, by partition. */
  positions: ReadonlyMap<number, number>
}

/**
 * Looks at the checkpoints and sizes of the files of a range and chooses what to read; reads nothing yet.
 * @throws StorageError `IBS_STORAGE_RANGE_UNSTABLE`, `IBS_STORAGE_CHECKPOINT_AHEAD`, `IBS_STORAGE_MANIFEST_AHEAD`
 */
export async function planRange(options: RangeOptions): Promise<PlannedRange> {
  const planned = await planOnce(options)
  // Backends are looked at one after the other: what one was still to get may meanwhile have gone from another.
  return planned.removed.length > 0 ? await planOnce(options) : planned
}

async function planOnce(options: RangeOptions): Promise<PlannedRange> {
  const backends = options.backends ?? BACKENDS
  const partitions = Map.groupBy(new Set(options.cids), partitionOf)
  const reads: SegmentRead[] = []
  const lost: LostSegment[] = []
  const removed: RemovedSegment[] = []
  const seqs = new Map<string, number>()
  for (const [partition, cids] of partitions) {
    for (const backend of backends) {
      const snapshot = await snapshotOf({ ...options, cids }, backend, partition)
      reads.push(...snapshot.reads)
      lost.push(...snapshot.lost)
      removed.push(...snapshot.removed)
      seqs.set(`${backend}/${partition}`, snapshot.seq)
    }
  }
  const seqOf = (backend: Backend, partition: number) => seqs.get(`${backend}/${partition}`) ?? 0
  const positionOf = (backend: Backend, cid: number) => seqOf(backend, partitionOf(cid))
  const plan = chooseReads({ reads, lost, removed, positionOf, prefer: options.prefer })
  const positions = new Map(
    [...partitions.keys()].map((partition) => [partition, Math.max(0, ...backends.map((backend) => seqOf(backend, partition)))]),
  )
  return { ...plan, hours: receivedAfter(options.receivedAfterUs, plan.hours), positions }
}

function receivedAfter(us: number | undefined, hours: SegmentRead[][]): SegmentRead[][] {
  if (us === undefined) return hours
  const wanted = hours.map((reads) => reads.filter((read) => newestStOf(read) > us))
  return wanted.flatMap((reads) =>
    reads.length > 0 ? [reads.map((read) => ({ ...read, afterStUs: Math.max(us, read.afterStUs ?? us) }))] : [],
  )
}

/**
 * The same ticks of an hour from files that are there now: one of those that were chosen is gone. Undefined where it is not sure that they are the same.
 * @throws StorageError as `planRange`
 */
export async function planHourAgain(options: RangeOptions, hour: readonly SegmentRead[]): Promise<SegmentRead[] | undefined> {
  const hourUs = hour[0]?.segment.hourUs ?? 0
  const { startUs, endUs } = options
  const part = { startUs: Math.max(startUs, hourUs), endUs: Math.min(endUs, hourUs + US_PER_HOUR) }
  const { hours } = await planRange({ ...options, ...part })
  const now = Map.groupBy(hours.flat(), keyOf)
  const same: SegmentRead[] = []
  for (const [key, before] of Map.groupBy(hour, keyOf)) {
    const after = now.get(key) ?? []
    if (before.every((old) => after.some((read) => read.segment.path === old.segment.path && isSameFile(read, old)))) {
      same.push(...before)
      continue
    }
    if (!holdsAll(after, before)) return undefined
    const isMore = ticksIn(after) !== ticksIn(before) || before.some((read) => isLate(read) || read.untilStUs !== undefined)
    for (const read of after) same.push(isMore ? { ...read, untilStUs: asOf(before) } : read)
  }
  return same
}

/** As many ticks, in a backend that is beyond the late ticks that were taken from another one. Not where either is not known. */
function holdsAll(after: readonly SegmentRead[], before: readonly SegmentRead[]): boolean {
  const [now, then] = [after, before].map((reads) => ticksIn(reads.filter((read) => !isLate(read))))
  return (now ?? 0) >= (then ?? 0) && before.filter(isLate).every((read) => asOf(after) >= newestStOf(read))
}

/** Of a file that was begun anew only what the other backend has not got yet is read, so its count says nothing. */
const isLate = ({ afterStUs }: SegmentRead): boolean => afterStUs !== undefined

const asOf = (reads: readonly SegmentRead[]): number => Math.max(...reads.map(({ asOfStUs = 0, untilStUs = asOfStUs }) => untilStUs))

const keyOf = ({ segment: { cid, tt } }: SegmentRead): string => `${cid}_${tt}`
