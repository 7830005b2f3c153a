import type { Backend } from '../layout/backend.ts'
import { dayOf, manifestPath } from '../layout/manifest-path.ts'
import { endOfFileUs } from '../layout/segment-path.ts'
import { statePaths } from '../layout/state-path.ts'
import { encodeManifestEntry, type ManifestEntry } from '../manifest/manifest-entry.ts'
import { bootId } from '../segment/boot-id.ts'
import { readCheckpoints } from '../segment/checkpoint.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import type { PartitionLock } from '../segment/partition-lock.ts'
import { openPartitionStoreOn, type PartitionStore } from '../segment/partition-store.ts'
import { removeNames } from '../segment/remove-names.ts'
import { mendTail } from '../segment/torn-tail.ts'

/** What may take files of a partition away: its store, which its owner has open. */
export type FileRemover = Pick<PartitionStore, 'removeFiles'>

export interface OfflinePartition {
  disk: Disk
  backend: Backend
  partition: number
  /** Held by the caller, who releases it. */
  checkLock(): Promise<void>
}

/**
 * What removes files of a partition that nobody owns now, as its next owner would. One that never followed a log has no checkpoint, and gets none: a
 * recording that begins there later would be refused for it.
 * @throws StorageError what `recover` throws
 */
export async function offlineRemover({ disk, backend, partition, checkLock }: OfflinePartition): Promise<FileRemover> {
  const paths = statePaths(backend, partition)
  const texts = { visible: await disk.readText(paths.visible), durable: await disk.readText(paths.durable) }
  const { counts } = readCheckpoints(texts, bootId(), paths.durable)
  if (counts === undefined)
    return { removeFiles: (entries, removedUs) => removeWithoutLog(disk, { backend, partition }, entries, removedUs) }
  const { spoolId, source } = counts
  const lock: PartitionLock = { check: checkLock, release: async () => undefined }
  return openPartitionStoreOn({ disk, lock, bootId: bootId(), backend, partition, source: { spoolId, source } })
}

/** No checkpoint lists the manifest, so it counts whole: the files are gone with the line that says so, and then with their names. */
async function removeWithoutLog(
  disk: Disk,
  at: { backend: Backend; partition: number },
  entries: readonly ManifestEntry[],
  removedUs: number,
): Promise<readonly ManifestEntry[]> {
  const byManifest = Map.groupBy(entries, ({ path }) => manifestPath({ ...at, dayUs: dayOf((endOfFileUs(path) ?? 1) - 1) }))
  for (const [manifest, ofDay] of byManifest) {
    const size = (await disk.size(manifest)) ?? 0
    const wholeBytes = await mendTail({ disk, backend: at.backend }, manifest, size)
    if (wholeBytes < size) await disk.truncate(manifest, wholeBytes)
    await disk.write(manifest, Buffer.from(ofDay.map((entry) => encodeManifestEntry({ ...entry, removedUs })).join('')), wholeBytes)
    await disk.syncFile(manifest)
    for (const folder of foldersOf(manifest)) await disk.syncFolder(folder)
  }
  const paths = entries.map(({ path }) => path)
  const left = new Set(await removeNames(disk, statePaths(at.backend, at.partition).visible, paths))
  return entries.filter(({ path }) => !left.has(path))
}
