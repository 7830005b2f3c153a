import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isMissing, StorageError } from '../errors.ts'

/** OVERLAYFS_SUPER_MAGIC of linux/magic.h: the layers of a container that has no volume. */
const OVERLAY = 0x794c7630

/**
 * Refuses a DATA_DIR whose locks reach only one container: two writers could own one partition, each in a layer of its own.
 * @param typeOf type number of the file system that holds a folder, as statfs(2) gives it
 * @throws StorageError `IBS_STORAGE_FILE_SYSTEM`
 */
export async function assertSharedLocks(dataDir: string, typeOf: (folder: string) => Promise<number> = typeOfFolder): Promise<void> {
  if ((await typeOf(resolve(dataDir))) !== OVERLAY) return
  throw new StorageError(
    'IBS_STORAGE_FILE_SYSTEM',
    `DATA_DIR=${dataDir} lies on an overlay file system, where locks do not keep other containers out; mount a volume there, or set IB_STREAM_OVERLAY=allow if everything runs in this one container`,
    { dataDir },
  )
}

/** Of the folder, or of the nearest above it while it does not exist. */
async function typeOfFolder(folder: string): Promise<number> {
  try {
    return (await statfs(folder)).type
  } catch (error) {
    if (!isMissing(error) || dirname(folder) === folder) throw error
    return await typeOfFolder(dirname(folder))
  }
}
