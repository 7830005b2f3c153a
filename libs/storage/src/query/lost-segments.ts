import { StorageError } from '../errors.ts'
import { isInRange, type SegmentQuery } from '../layout/find-segments.ts'
import { parseSegmentPath, type Segment } from '../layout/segment-path.ts'
import { type ManifestEntry, missingTicks } from '../manifest/manifest-entry.ts'

/** A closed file that its manifest knows and that is missing or too short, though retention did not remove it. */
export interface LostSegment {
  segment: Segment
  /** Bytes that are there. */
  fileBytes: number
  /** What it held, by its manifest. */
  entry: ManifestEntry
}

/**
 * Files of a range that hold less than their manifest says; those without a tick in the range do not count.
 * @param bytesOf what is there of a path; undefined where a checkpoint lists it, whose own lengths hold then
 */
export function lostSegments(
  entries: ReadonlyMap<string, ManifestEntry>,
  query: SegmentQuery,
  bytesOf: (path: string) => number | undefined,
): LostSegment[] {
  const lost: LostSegment[] = []
  for (const entry of entries.values()) {
    if (entry.removedUs !== undefined || entry.lastTs < query.startUs || entry.firstTs >= query.endUs) continue
    const fileBytes = bytesOf(entry.path)
    if (fileBytes === undefined || fileBytes >= entry.bytes) continue
    const segment = parseSegmentPath(entry.path)
    if (segment && isInRange(segment, query)) lost.push({ segment, fileBytes, entry })
  }
  return lost
}

/** A file that lacks ticks of its hour, because retention took them or damage could not be mended. */
export interface RemovedSegment {
  segment: Segment
  ticks: number
}

/** Files of the hours of a range that lack ticks and say so. */
export function removedSegments(entries: ReadonlyMap<string, ManifestEntry>, query: SegmentQuery): RemovedSegment[] {
  const removed: RemovedSegment[] = []
  for (const entry of entries.values()) {
    const ticks = missingTicks(entry)
    const segment = ticks > 0 ? parseSegmentPath(entry.path) : undefined
    if (segment && isInRange(segment, query)) removed.push({ segment, ticks })
  }
  return removed
}

export function manifestAhead({ segment: { path }, fileBytes, entry }: LostSegment): StorageError {
  const { bytes, count } = entry
  return new StorageError(
    'IBS_STORAGE_MANIFEST_AHEAD',
    `${path} has ${fileBytes} bytes but its manifest says ${bytes} bytes with ${count} ticks, and no other backend is known to hold them all; run ib-stream repair`,
    { path, fileBytes, bytes, count },
  )
}
