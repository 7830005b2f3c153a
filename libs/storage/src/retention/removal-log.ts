import type { Backend } from '../layout/backend.ts'
import { partitionName } from '../layout/state-path.ts'
import { hex, type ManifestEntry } from '../manifest/manifest-entry.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import type { DueBecause } from './plan-day.ts'

/** One file that went. */
export interface Removal {
  entry: ManifestEntry
  why: DueBecause
  /** Longer-kept backend whose files of the hour were read and are whole; undefined where none was asked for. */
  copyIn: Backend | undefined
}

/** Where a partition's log of what went is: a JSON line a file. */
export const removalLogPath = (backend: Backend, partition: number): string =>
  `.state/${backend}/retention/${partitionName(partition)}.jsonl`

/**
 * Notes what is about to go, to last, before it goes: nothing goes without a line. Whoever dies in between leaves lines of files that are still there; when they go,
 * they get another.
 */
export async function logRemovals(disk: Disk, path: string, removals: readonly Removal[], removedUs: number): Promise<void> {
  const lines = removals.map(({ entry, why, copyIn }) => {
    const { path: file, bytes, count, firstTs, lastTs, crc32c } = entry
    return `${JSON.stringify({ removedUs, path: file, bytes, count, firstTs, lastTs, crc32c: hex(crc32c), why, copyIn: copyIn ?? null })}\n`
  })
  await disk.makeFolder(foldersOf(path)[0] ?? '')
  const size = (await disk.size(path)) ?? 0
  const isTorn = size > 0 && (await disk.read(path, size - 1, 1))[0] !== NEWLINE
  await disk.write(path, Buffer.from(`${isTorn ? '\n' : ''}${lines.join('')}`), size)
  await disk.syncFile(path)
  for (const folder of foldersOf(path)) await disk.syncFolder(folder)
}

const NEWLINE = 10
