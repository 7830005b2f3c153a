import type { TickType } from '@ib-stream/model'
import { BACKENDS, type Backend } from '../layout/backend.ts'
import { compareSegments } from '../layout/find-segments.ts'
import type { Segment } from '../layout/segment-path.ts'

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
 * One backend for each contract, tick type and hour: the one that is furthest in the log, or, where it has no file of that hour, the furthest that has.
 * @param positions of each backend for the partition of a contract, last log sequence in its files
 * @returns the files of each hour, hours in order
 */
export function chooseReads(found: readonly SegmentRead[], positionOf: (backend: Backend, cid: number) => number): SegmentRead[][] {
  const byHour = new Map<string, Map<Backend, SegmentRead[]>>()
  for (const read of found) {
    const { backend, cid, tt, hourUs } = read.segment
    const key = `${cid}_${tt}_${hourUs}` satisfies `${number}_${TickType}_${number}`
    const backends = byHour.get(key) ?? new Map<Backend, SegmentRead[]>()
    byHour.set(key, backends)
    backends.set(backend, [...(backends.get(backend) ?? []), read])
  }
  const chosen: SegmentRead[] = []
  for (const backends of byHour.values()) {
    const reads = inOrder([...backends.keys()])
      .map((backend) => backends.get(backend) ?? [])
      .reduce((best, other) => (furthest(other) > furthest(best) ? other : best))
    chosen.push(...reads)
  }
  return inHours(chosen.sort((a, b) => compareSegments(a.segment, b.segment)))

  function furthest(reads: readonly SegmentRead[]): number {
    const segment = reads[0]?.segment
    return segment === undefined ? -1 : positionOf(segment.backend, segment.cid)
  }
}

/** Where two are equally far, always the same one is read: one of the engine's own before an added one. */
const inOrder = (backends: readonly Backend[]): Backend[] => [
  ...BACKENDS.filter((backend) => backends.includes(backend)),
  ...backends.filter((backend) => !BACKENDS.some((own) => own === backend)),
]

function inHours(reads: readonly SegmentRead[]): SegmentRead[][] {
  const hours: SegmentRead[][] = []
  for (const read of reads) {
    const hour = hours.at(-1)
    if (hour?.[0]?.segment.hourUs === read.segment.hourUs) hour.push(read)
    else hours.push([read])
  }
  return hours
}
