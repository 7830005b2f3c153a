import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { type Backend, SEALED_BACKEND } from '../layout/backend.ts'
import { findSegments, isInRange, type SegmentQuery } from '../layout/find-segments.ts'
import { parseSegmentPath, type Segment } from '../layout/segment-path.ts'
import { statOrMissing } from '../layout/stat-or-missing.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import { readManifests } from '../manifest/read-manifest.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { readCheckpoint } from '../segment/read-position.ts'
import { checkpointAhead } from '../segment/recover.ts'
import { identityOf } from './file-identity.ts'
import { type LostSegment, lostSegments, type RemovedSegment, removedSegments } from './lost-segments.ts'
import type { SegmentRead } from './plan.ts'
import { lookAtSealed } from './sealed-snapshot.ts'

/** What one backend's files of one partition held at one moment. */
export interface Snapshot {
  seq: number
  /** Newest `st` up to there, µs UTC; 0 without a checkpoint. */
  newestStUs: number
  reads: SegmentRead[]
  /** Not among `reads`. */
  lost: LostSegment[]
  /** What retention took away, by file; where there is a file for late ticks again, that is among `reads`. */
  removed: RemovedSegment[]
}

/** @throws StorageError `IBS_STORAGE_RANGE_UNSTABLE`, `IBS_STORAGE_CHECKPOINT_AHEAD` */
export function snapshotOf(query: SegmentQuery & { dataDir: string }, backend: Backend, partition: number): Promise<Snapshot> {
  return atOneCheckpoint(
    () => readCheckpoint(query.dataDir, backend, partition),
    async (checkpoint) => {
      if (backend === SEALED_BACKEND) return await sealedSnapshot(query, checkpoint)
      let { entries } = await readManifests({ ...query, backend, partition }, checkpoint?.files ?? {})
      const found = await sizesOf(query, backend, checkpoint, entries)
      const bytesOf = (path: string) => (checkpoint?.files[path] === undefined ? (found.get(path)?.bytes ?? 0) : undefined)
      let lost = lostSegments(entries, query, bytesOf)
      if (lost.length > 0) {
        // Retention notes what it is about to remove: both may have happened since the manifests were read.
        entries = (await readManifests({ ...query, backend, partition }, checkpoint?.files ?? {})).entries
        lost = lostSegments(entries, query, bytesOf)
        for (const { segment } of lost) found.delete(segment.path)
      }
      const { seq = 0, newestStUs = 0 } = checkpoint ?? {}
      return { seq, newestStUs, reads: [...found.values()], lost, removed: removedSegments(entries, query) }
    },
  )
}

/**
 * The sealed files first, then the rows that wait. Rows count only while they are listed, and not where a sealed file already holds all up to the checkpoint: then it has just
 * got its name, and the checkpoint that forgets them follows.
 */
async function sealedSnapshot(query: SegmentQuery & { dataDir: string }, checkpoint: Checkpoint | undefined): Promise<Snapshot> {
  const { seq = 0, newestStUs = 0, files = {} } = checkpoint ?? {}
  const { reads, heldSeqOf } = await lookAtSealed(query.dataDir, query, checkpoint)
  const rows = [...(await sizesOf(query, SEALED_BACKEND, checkpoint, new Map())).values()]
  const waiting = rows.filter(({ segment }) => files[segment.path] !== undefined && heldSeqOf(segment) < seq)
  return { seq, newestStUs, reads: [...reads, ...waiting], lost: [], removed: [] }
}

/**
 * Looks at the files between two readings of the same checkpoint. In between, a file that was not listed, and so counted whole, may have been listed and have
 * got bytes that no checkpoint names; then all is looked at again under the newer one.
 * @throws StorageError `IBS_STORAGE_RANGE_UNSTABLE`
 */
export async function atOneCheckpoint<Seen>(
  read: () => Promise<Checkpoint | undefined>,
  look: (checkpoint: Checkpoint | undefined) => Promise<Seen>,
): Promise<Seen> {
  let before = await read()
  for (let tries = 0; tries < STABLE_TRIES; tries++) {
    const seen = await look(before).then(
      (found) => ({ found }),
      (error: unknown) => ({ error }),
    )
    const after = await read()
    if (isSame(before, after)) {
      if ('found' in seen) return seen.found
      throw seen.error
    }
    // rows that were sealed meanwhile are gone, though the older checkpoint lists them
    if ('error' in seen && codeOf(seen.error) !== 'IBS_STORAGE_CHECKPOINT_AHEAD') throw seen.error
    before = after
  }
  throw new StorageError(
    'IBS_STORAGE_RANGE_UNSTABLE',
    `the checkpoint moved on ${STABLE_TRIES} times while files were looked at; ask again, or for a shorter range`,
    { tries: STABLE_TRIES },
  )
}

/** A checkpoint changes twice a second, and looking at the files of a day takes milliseconds. */
export const STABLE_TRIES = 8

const isSame = (a: Checkpoint | undefined, b: Checkpoint | undefined): boolean =>
  a?.v === b?.v && a?.seq === b?.seq && a?.bootId === b?.bootId && a?.spoolId === b?.spoolId

async function sizesOf(
  options: SegmentQuery & { dataDir: string },
  backend: Backend,
  checkpoint: Checkpoint | undefined,
  closed: ReadonlyMap<string, ManifestEntry>,
): Promise<Map<string, SegmentRead>> {
  const segments = await findSegments(options.dataDir, backend, options)
  const seen = new Set(segments.map(({ path }) => path))
  const isThere = ({ path }: Segment) => checkpoint?.files[path] !== undefined || !isRemoved(path, checkpoint, closed)
  for (const path of Object.keys(checkpoint?.files ?? {})) {
    const segment = seen.has(path) ? undefined : parseSegmentPath(path)
    if (segment && isInRange(segment, options)) segments.push(segment) // listed but not there: only right while nothing is committed
  }
  const reads = new Map<string, SegmentRead>()
  for (let i = 0; i < segments.length; i += STATS_AT_ONCE) {
    const some = segments.slice(i, i + STATS_AT_ONCE).filter(isThere)
    for (const read of await Promise.all(some.map((segment) => sizeOf(options.dataDir, segment, checkpoint, closed.get(segment.path))))) {
      if (read !== undefined && read.bytes > 0) reads.set(read.segment.path, read)
    }
  }
  return reads
}

const STATS_AT_ONCE = 64

/** Retention took it away, though its name may still be there for a moment. */
const isRemoved = (path: string, checkpoint: Checkpoint | undefined, closed: ReadonlyMap<string, ManifestEntry>): boolean =>
  closed.get(path)?.removedUs !== undefined || checkpoint?.removing.includes(path) === true

async function sizeOf(
  dataDir: string,
  segment: Segment,
  checkpoint: Checkpoint | undefined,
  closed: ManifestEntry | undefined,
): Promise<SegmentRead | undefined> {
  const { path } = segment
  const committedBytes = checkpoint?.files[path]
  const found = await statOrMissing(join(dataDir, path))
  const fileBytes = found?.size ?? 0
  if (fileBytes < (committedBytes ?? 0)) throw checkpointAhead(path, fileBytes, committedBytes ?? 0)
  if (found === undefined) return undefined
  const bytes = committedBytes ?? fileBytes
  const facts = committedBytes === undefined ? closed : checkpoint?.tallies[path]
  const known = facts?.bytes === bytes && facts.count > 0 ? facts : undefined
  return {
    segment,
    bytes,
    committed: committedBytes !== undefined || known !== undefined,
    asOfStUs: checkpoint?.newestStUs,
    ...identityOf(found),
    modifiedMs: found.mtimeMs,
    known,
  }
}
