import type { TickType } from '@ib-stream/model'
import { BACKENDS, type Backend } from '../layout/backend.ts'
import { compareSegments } from '../layout/find-segments.ts'
import type { Segment } from '../layout/segment-path.ts'
import type { FileIdentity } from './file-identity.ts'
import { type LostSegment, manifestAhead, type RemovedSegment } from './lost-segments.ts'

/** One file to read, and how much of it. The identity is that of the file that was looked at; another one under its name later is not read. */
export interface SegmentRead extends FileIdentity {
  segment: Segment
  /** Bytes that count: committed ones of a listed file, all of another. */
  bytes: number
  /** True where a checkpoint or a manifest vouches for these bytes: then damage is an error and not a note. */
  committed: boolean
  /** An hour of a sealed file, which is no hour file of records. */
  sealed?: true
  /** Newest `st` of all that the file's backend held of the log then, µs UTC; undefined where there is no checkpoint. */
  asOfStUs: number | undefined
  /** Only ticks received after this, and up to that, count; left out: all. In one recording `st` is the order of the log. */
  afterStUs?: number
  untilStUs?: number
  /** Last change of the file, ms since 1970. */
  modifiedMs: number
  /** What manifest or checkpoint say of exactly these bytes; undefined where neither knows them. */
  known?: { sorted: boolean; count: number; firstTs: number; lastTs: number; lastSt: number } | undefined
}

/** All that was seen of the files of a range. */
export interface Sighting {
  reads: readonly SegmentRead[]
  lost: readonly LostSegment[]
  removed: readonly RemovedSegment[]
  /** Of each backend for the partition of a contract: last log sequence in its files. */
  positionOf: (backend: Backend, cid: number) => number
  prefer?: Backend | undefined
}

/** An hour of one contract and tick type. */
export interface RemovedHour {
  cid: number
  tt: TickType
  hourUs: number
  /** How many ticks are missing. */
  ticks: number
}

export interface RangePlan {
  /** The files of each hour, hours in order. */
  hours: SegmentRead[][]
  /** What retention has taken away and none of the backends holds. */
  removed: RemovedHour[]
}

/**
 * One backend for each contract, tick type and hour: of those that retention has taken nothing from the one that is furthest in the log, or, where it has no file of
 * that hour, the furthest that has. Where that one has lost ticks of the hour, the next one that is known to hold as many; likewise the preferred one, where it is known
 * to hold as many. What came so late that only a file which
 * was begun anew after retention has it is taken from there.
 * @throws StorageError `IBS_STORAGE_MANIFEST_AHEAD`
 */
export function chooseReads({ reads, lost, removed, positionOf, prefer }: Sighting): RangePlan {
  const byHour = new Map<string, HourFiles[]>()
  for (const read of reads) filesOf(byHour, read.segment).reads.push(read)
  for (const one of lost) filesOf(byHour, one.segment).lost.push(one)
  for (const { segment, ticks } of removed) filesOf(byHour, segment).removedTicks += ticks
  const chosen: SegmentRead[] = []
  const missing: RemovedHour[] = []
  for (const backends of byHour.values()) {
    const bestFirst = backends.sort(
      (a, b) =>
        Number(a.removedTicks > 0) - Number(b.removedTicks > 0) ||
        positionOf(b.backend, b.cid) - positionOf(a.backend, a.cid) ||
        rankOf(a.backend) - rankOf(b.backend),
    )
    const taken = readsOf(bestFirst, prefer)
    chosen.push(...taken, ...laterReads(bestFirst, taken, positionOf))
    missing.push(...missingOf(bestFirst, taken))
  }
  return { hours: inHours(chosen.sort((a, b) => compareSegments(a.segment, b.segment))), removed: missing }
}

/** Where two are equally far, always the same one is read: one of the engine's own before an added one. */
function rankOf(backend: Backend): number {
  const rank = (BACKENDS as readonly Backend[]).indexOf(backend)
  return rank < 0 ? BACKENDS.length : rank
}

/** What one backend has, and had, of an hour of a contract and tick type. */
interface HourFiles {
  backend: Backend
  cid: number
  tt: TickType
  hourUs: number
  reads: SegmentRead[]
  lost: LostSegment[]
  /** Ticks that retention has taken away here. */
  removedTicks: number
}

function filesOf(byHour: Map<string, HourFiles[]>, { backend, cid, tt, hourUs }: Segment): HourFiles {
  const key = `${cid}_${tt}_${hourUs}` satisfies `${number}_${TickType}_${number}`
  const backends = byHour.get(key) ?? []
  byHour.set(key, backends)
  const known = backends.find((one) => one.backend === backend)
  if (known) return known
  const files: HourFiles = { backend, cid, tt, hourUs, reads: [], lost: [], removedTicks: 0 }
  backends.push(files)
  return files
}

function readsOf([best, ...others]: readonly HourFiles[], prefer: Backend | undefined): SegmentRead[] {
  const [lost] = best?.lost ?? []
  if (best === undefined) return []
  if (lost === undefined) return others.find((other) => other.backend === prefer && isAsGood(other, best))?.reads ?? best.reads
  const promised = ticksIn(best.reads) + best.lost.reduce((sum, { entry }) => sum + entry.count, 0)
  const whole = others.find((other) => other.lost.length === 0 && ticksIn(other.reads) >= promised) // never true of NaN
  if (whole === undefined) throw manifestAhead(lost)
  return whole.reads
}

/** Known to be whole, and to hold as many ticks. */
const isAsGood = ({ lost, removedTicks, reads }: HourFiles, best: HourFiles): boolean =>
  lost.length === 0 && removedTicks === 0 && ticksIn(reads) >= ticksIn(best.reads) // never true of NaN

/** Where the hour comes from a backend that holds all of it, the late ticks that only a further one has got. */
function laterReads(
  [best, ...others]: readonly HourFiles[],
  taken: readonly SegmentRead[],
  positionOf: Sighting['positionOf'],
): SegmentRead[] {
  const [first] = taken
  if (best === undefined || best.removedTicks > 0 || first === undefined) return []
  const position = positionOf(first.segment.backend, best.cid)
  const partial = others.find(({ backend, cid, removedTicks }) => removedTicks > 0 && positionOf(backend, cid) > position)
  const afterStUs = first.asOfStUs ?? 0
  return (partial?.reads ?? []).filter((read) => newestStOf(read) > afterStUs).map((read) => ({ ...read, afterStUs }))
}

/** No tick of the file was received after it, µs UTC. */
export const newestStOf = ({ known, asOfStUs }: SegmentRead): number => known?.lastSt ?? asOfStUs ?? Number.POSITIVE_INFINITY

function missingOf(bestFirst: readonly HourFiles[], taken: readonly SegmentRead[]): RemovedHour[] {
  const [best] = bestFirst
  if (best === undefined) return []
  const { cid, tt, hourUs } = best
  const removed = Math.max(...bestFirst.map(({ removedTicks }) => removedTicks))
  const ticks = best.removedTicks > 0 ? best.removedTicks : removed - ticksIn(taken)
  return ticks > 0 ? [{ cid, tt, hourUs, ticks }] : [] // never true of NaN
}

/** NaN where neither checkpoint nor manifest knows how many. */
export const ticksIn = (reads: readonly SegmentRead[]): number => reads.reduce((sum, { known }) => sum + (known?.count ?? Number.NaN), 0)

function inHours(reads: readonly SegmentRead[]): SegmentRead[][] {
  const hours: SegmentRead[][] = []
  for (const read of reads) {
    const hour = hours.at(-1)
    if (hour?.[0]?.segment.hourUs === read.segment.hourUs) hour.push(read)
    else hours.push([read])
  }
  return hours
}
