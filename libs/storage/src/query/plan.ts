import type { TickType } from '@ib-stream/model'
import { BACKENDS, type Backend } from '../layout/backend.ts'
import { compareSegments } from '../layout/find-segments.ts'
import type { Segment } from '../layout/segment-path.ts'
import { type LostSegment, manifestAhead } from './lost-segments.ts'

/** One file to read, and how much of it. */
export interface SegmentRead {
  segment: Segment
  /** Bytes that count: committed ones of a listed file, all of another. */
  bytes: number
  /** True where a checkpoint or a manifest vouches for these bytes: then damage is an error and not a note. */
  committed: boolean
  /** The file that was looked at; another one under its name later is not read. */
  inode: number
  /** Last change of the file, ms since 1970. */
  modifiedMs: number
  /** What manifest or checkpoint say of exactly these bytes; undefined where neither knows them. */
  known?: { sorted: boolean; count: number; firstTs: number; lastTs: number } | undefined
}

/**
 * One backend for each contract, tick type and hour: the one that is furthest in the log, or, where it has no file of that hour, the furthest that has. Where that one
 * has lost ticks of the hour, the next one that is known to hold as many.
 * @param positions of each backend for the partition of a contract, last log sequence in its files
 * @returns the files of each hour, hours in order
 * @throws StorageError `IBS_STORAGE_MANIFEST_AHEAD`
 */
export function chooseReads(
  found: readonly SegmentRead[],
  lost: readonly LostSegment[],
  positionOf: (backend: Backend, cid: number) => number,
): SegmentRead[][] {
  const byHour = new Map<string, HourFiles[]>()
  for (const read of found) filesOf(byHour, read.segment).reads.push(read)
  for (const one of lost) filesOf(byHour, one.segment).lost.push(one)
  const chosen: SegmentRead[] = []
  for (const backends of byHour.values()) {
    const furthestFirst = backends.sort(
      (a, b) => positionOf(b.backend, b.cid) - positionOf(a.backend, a.cid) || rankOf(a.backend) - rankOf(b.backend),
    )
    chosen.push(...readsOf(furthestFirst))
  }
  return inHours(chosen.sort((a, b) => compareSegments(a.segment, b.segment)))
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
  reads: SegmentRead[]
  lost: LostSegment[]
}

function filesOf(byHour: Map<string, HourFiles[]>, { backend, cid, tt, hourUs }: Segment): HourFiles {
  const key = `${cid}_${tt}_${hourUs}` satisfies `${number}_${TickType}_${number}`
  const backends = byHour.get(key) ?? []
  byHour.set(key, backends)
  const known = backends.find((one) => one.backend === backend)
  if (known) return known
  const files: HourFiles = { backend, cid, reads: [], lost: [] }
  backends.push(files)
  return files
}

function readsOf([best, ...others]: readonly HourFiles[]): SegmentRead[] {
  const [lost] = best?.lost ?? []
  if (best === undefined || lost === undefined) return best?.reads ?? []
  const promised = ticksIn(best.reads) + best.lost.reduce((sum, { entry }) => sum + entry.count, 0)
  const whole = others.find((other) => other.lost.length === 0 && ticksIn(other.reads) >= promised) // never true of NaN
  if (whole === undefined) throw manifestAhead(lost)
  return whole.reads
}

/** NaN where neither checkpoint nor manifest knows how many. */
const ticksIn = (reads: readonly SegmentRead[]): number => reads.reduce((sum, { known }) => sum + (known?.count ?? Number.NaN), 0)

function inHours(reads: readonly SegmentRead[]): SegmentRead[][] {
  const hours: SegmentRead[][] = []
  for (const read of reads) {
    const hour = hours.at(-1)
    if (hour?.[0]?.segment.hourUs === read.segment.hourUs) hour.push(read)
    else hours.push([read])
  }
  return hours
}
