import { codeOf } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import { type Disk, foldersOf } from './disk.ts'
import { syncOrGiveUp } from './sync-failure.ts'

/** What one file or folder may refuse while the disk is well: the rest goes, and this one is tried again by the next owner. */
const OF_ONE_FILE = new Set(['EPERM', 'EACCES', 'EBUSY', 'EISDIR'])

/**
 * Takes the names of files away that a durable checkpoint calls `removing`, and makes that last. Doing it twice changes nothing.
 * @returns files that cannot be removed; nobody reads them any more
 * @throws StorageError `IBS_STORAGE_SYNC_FAILED`
 */
export async function removeNames(disk: Disk, visiblePath: string, paths: readonly string[]): Promise<string[]> {
  const left: string[] = []
  for (const path of paths) {
    try {
      await disk.remove(path)
    } catch (error) {
      if (!OF_ONE_FILE.has(codeOf(error) ?? '')) throw error
      left.push(path)
    }
  }
  await syncOrGiveUp(disk, visiblePath, async () => {
    for (const folder of new Set(paths.map(folderOf))) await syncNearest(disk, folder)
  })
  return left
}

const folderOf = (path: string): string => foldersOf(path)[0] ?? ''

/** The folder itself may be gone, emptied by another partition: then its name is what has to be gone for good. */
async function syncNearest(disk: Disk, folder: string): Promise<void> {
  try {
    await disk.syncFolder(folder)
  } catch (error) {
    if (!isMissing(error) || folder === '') throw error
    await syncNearest(disk, folderOf(folder))
  }
}

/** Removes the folders of files that are gone, and those above them, as far as they are empty. What still lies in one keeps it. */
export async function removeEmptyFolders(disk: Disk, paths: readonly string[]): Promise<void> {
  for (const folder of new Set(paths.map(folderOf))) {
    for (const each of foldersOf(`${folder}/`).slice(0, -2)) if (!(await disk.removeFolder(each))) break
  }
}
