import { StorageError } from '../errors.ts'
import type { StatePaths } from '../layout/state-path.ts'
import { assertSameSource, type Checkpoints, readCheckpoints, type Source } from './checkpoint.ts'
import { type Disk, foldersOf } from './disk.ts'
import { removeNames } from './remove-names.ts'
import { syncAll } from './sync-all.ts'
import { syncOrGiveUp } from './sync-failure.ts'

/**
 * Brings the files of a partition to the state that its checkpoint names. Whoever calls holds the lock.
 *
 * First everything that either checkpoint lists is synced: a dead owner's bytes and names may be in the kernel's cache only, and the next durable checkpoint
 * would vouch for them (rule sync-predecessor of the model). Then listed files are cut to their committed bytes, and a removal by retention is finished. Doing it twice changes nothing.
 * @throws StorageError `IBS_STORAGE_CHECKPOINT_AHEAD`, `IBS_STORAGE_SYNC_FAILED`, and what `readCheckpoints` and `assertSameSource` throw; nothing is cut then
 */
export async function recover(disk: Disk, paths: StatePaths, own: Source, bootId: string): Promise<Recovered> {
  const checkpoints = readCheckpoints(
    { visible: await disk.readText(paths.visible), durable: await disk.readText(paths.durable) },
    bootId,
    paths.durable,
  )
  assertSameSource(checkpoints.counts, own, paths.durable)
  await syncOrGiveUp(disk, paths.visible, () => syncPredecessor(disk, paths, checkpoints))
  const excess: { path: string; committedBytes: number }[] = []
  for (const [path, committedBytes] of Object.entries(checkpoints.counts?.files ?? {})) {
    const fileBytes = (await disk.size(path)) ?? 0
    if (fileBytes < committedBytes) throw checkpointAhead(path, fileBytes, committedBytes)
    if (fileBytes > committedBytes) excess.push({ path, committedBytes })
  }
  for (const { path, committedBytes } of excess) await disk.truncate(path, committedBytes)
  const { files = {}, removing = [] } = checkpoints.counts ?? {}
  const left = await removeNames(
    disk,
    paths.visible,
    removing.filter((path) => !(path in files)),
  )
  return { ...checkpoints, truncated: excess.map(({ path }) => path), removing: left }
}

export interface Recovered extends Checkpoints {
  /** Files that were cut. Until they are synced a power cut may give them their old tail back, so they must stay listed. */
  truncated: readonly string[]
  /** Files that retention took away and that cannot be removed. */
  removing: readonly string[]
}

async function syncPredecessor(disk: Disk, paths: StatePaths, { visible, durable }: Checkpoints): Promise<void> {
  const folders = new Set(foldersOf(paths.durable))
  const files: string[] = []
  for (const path of new Set([...Object.keys(durable?.files ?? {}), ...Object.keys(visible?.files ?? {})])) {
    if ((await disk.size(path)) === undefined) continue // listed before its first byte, which then never came; or gone, which the lengths show
    files.push(path)
    for (const folder of foldersOf(path)) folders.add(folder)
  }
  await syncAll(disk, files, folders)
}

export function checkpointAhead(path: string, fileBytes: number, committedBytes: number): StorageError {
  return new StorageError(
    'IBS_STORAGE_CHECKPOINT_AHEAD',
    `${path} has ${fileBytes} bytes but ${committedBytes} were committed; restore the file, then restart the writer`,
    { path, fileBytes, committedBytes },
  )
}
