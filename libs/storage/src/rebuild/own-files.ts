import { partitionOf, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import type { Backend } from '../layout/backend.ts'
import { listDayFiles, listDays, listEventsFiles } from '../layout/list-days.ts'
import { dayOf, manifestPath } from '../layout/manifest-path.ts'
import { parseEventsPath } from '../layout/segment-path.ts'
import type { PartitionId } from '../layout/state-path.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import { decodeManifest } from '../manifest/read-manifest.ts'
import type { Disk } from '../segment/disk.ts'

export interface OfPartition {
  dataDir: string
  backend: Backend
  partition: PartitionId
}

/** A file that the owner of a partition writes itself; imported and older ones have other stamps in their names. */
export interface OwnFile {
  path: string
  bytes: number
  /** What its manifest says of it. */
  entry: ManifestEntry | undefined
}

/** Days that may have files of a partition, by their first µs, in order. */
export async function daysOf({ dataDir, backend, partition }: OfPartition): Promise<number[]> {
  if (partition !== 'events') return await listDays(dataDir, backend)
  return (await listEventsFiles(dataDir)).map((path) => parseEventsPath(path)).filter((dayUs) => dayUs !== undefined)
}

/** The partition's own files of one day. @param committed bytes of a manifest that count, by its path; one that is not in it counts whole */
export async function ownFilesOf(
  disk: Disk,
  about: OfPartition,
  dayUs: number,
  committed: Readonly<Record<string, number>> = {},
): Promise<OwnFile[]> {
  const paths = await pathsOf(about, dayUs)
  if (paths.length === 0) return []
  const entries = await entriesOf(disk, manifestPath({ ...about, dayUs }), committed)
  const files = await Promise.all(paths.map(async (path) => ({ path, bytes: await disk.size(path), entry: entries.get(path) })))
  return files.flatMap(({ path, bytes, entry }) => (bytes === undefined ? [] : [{ path, bytes, entry }]))
}

async function pathsOf({ dataDir, backend, partition }: OfPartition, dayUs: number): Promise<string[]> {
  if (partition === 'events') return (await listEventsFiles(dataDir)).filter((path) => parseEventsPath(path) === dayUs)
  const segments = await listDayFiles(dataDir, backend, dayUs)
  return segments
    .filter(({ cid, hourUs, stampSeconds }) => partitionOf(cid) === partition && stampSeconds * US_PER_SECOND === hourUs)
    .map(({ path }) => path)
}

async function entriesOf(
  disk: Disk,
  path: string,
  committed: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, ManifestEntry>> {
  const text = await disk.readText(path)
  if (text === undefined) return new Map()
  const bytes = Buffer.from(text)
  return decodeManifest(path, bytes.subarray(0, committed[path] ?? bytes.length)).entries
}

/** Days looked at for files that a checkpoint does not know: a weekend and a holiday lie between. */
const DAYS_AHEAD = 8

/** The days from that of `us` on that a look at what is newer has to see. */
export const daysFrom = (us: number): number[] => Array.from({ length: DAYS_AHEAD }, (_, i) => dayOf(us) + i * US_PER_DAY)
