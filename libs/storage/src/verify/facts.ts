import { partitionOf } from '@ib-stream/model'
import type { Backend } from '../layout/backend.ts'
import { dayOf } from '../layout/manifest-path.ts'
import { endOfFileUs, parseEventsPath, parseSegmentPath } from '../layout/segment-path.ts'
import type { PartitionId } from '../layout/state-path.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import { type Manifest, readManifests } from '../manifest/read-manifest.ts'
import type { Tally } from '../manifest/tally.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { closesBefore, isRows } from '../segment/closed-files.ts'
import { readCheckpoint } from '../segment/read-position.ts'

/** What the system itself says of a file. */
export interface FileFacts {
  entry: ManifestEntry | undefined
  /** Committed bytes where the checkpoint lists it: it may be longer. */
  committedBytes: number | undefined
  tally: Tally | undefined
  /** True where a file without entry should have one. */
  owed: boolean
}

/** What a partition says of the files of one UTC day. */
export interface DayFacts {
  manifest: Manifest
  /** Undefined before the first; `unreadable` where it is damaged, and then nothing can be said of what is listed. */
  checkpoint: Checkpoint | undefined | 'unreadable'
}

export interface DayQuery {
  dataDir: string
  backend: Backend
  partition: PartitionId
  dayUs: number
}

/** Checkpoint and manifests; the manifest may be of a later moment, which whoever finds something wrong has to look at again. */
export async function readDayFacts(query: DayQuery): Promise<DayFacts> {
  const checkpoint = await readCheckpoint(query.dataDir, query.backend, query.partition).catch(unreadable)
  const committed = checkpoint === undefined || checkpoint === 'unreadable' ? {} : checkpoint.files
  return { checkpoint, manifest: await readManifests({ ...query, startUs: query.dayUs, endUs: query.dayUs + 1 }, committed) }
}

function unreadable(error: unknown): 'unreadable' {
  if (Error.isError(error) && error.name === 'StorageError') return 'unreadable'
  throw error
}

export function factsOf({ manifest, checkpoint }: DayFacts, path: string): FileFacts {
  const entry = manifest.entries.get(path)
  if (checkpoint === 'unreadable' || checkpoint === undefined) return { entry, committedBytes: undefined, tally: undefined, owed: false }
  return {
    entry,
    committedBytes: checkpoint.files[path],
    tally: checkpoint.tallies[path],
    owed: isOwn(path) && !isRows(path) && !closesBefore(path, checkpoint.manifestSinceUs),
  }
}

/** Written by a writer of this system: imported and older files have other stamps in their names. */
function isOwn(path: string): boolean {
  const segment = parseSegmentPath(path)
  return segment === undefined || segment.stampSeconds * 1_000_000 === segment.hourUs
}

/** The day whose manifest has a file's entry. */
export const dayOfFile = (path: string): number => dayOf((endOfFileUs(path) ?? 1) - 1)

/** The partition that owns a file; undefined for a path that is none of ours. */
export function partitionOfFile(path: string): PartitionId | undefined {
  if (parseEventsPath(path) !== undefined) return 'events'
  const segment = parseSegmentPath(path)
  return segment && partitionOf(segment.cid)
}
