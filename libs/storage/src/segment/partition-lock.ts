import { type FileHandle, open } from 'node:fs/promises'
import { tryLock } from 'fs-native-extensions'
import { StorageError } from '../errors.ts'
import { statOrMissing } from '../layout/stat-or-missing.ts'

/** The right to change the files of one partition of one backend. */
export interface PartitionLock {
  /** @throws StorageError `IBS_STORAGE_LOCK_REPLACED` where the file at the path is no longer the locked one, so that somebody else could own the partition too */
  check(): Promise<void>
  release(): Promise<void>
}

/** A kernel lock on the open file: it goes with its process, however that ends. Undefined: another one holds it. */
export async function lockPartition(path: string): Promise<PartitionLock | undefined> {
  const handle = await open(path, 'a+')
  try {
    if (tryLock(handle.fd)) {
      await checkSame(handle, path)
      return { check: () => checkSame(handle, path), release: () => handle.close() }
    }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

async function checkSame(handle: FileHandle, path: string): Promise<void> {
  const locked = await handle.stat()
  const found = await statOrMissing(path)
  if (found !== undefined && found.dev === locked.dev && found.ino === locked.ino) return
  throw new StorageError(
    'IBS_STORAGE_LOCK_REPLACED',
    `${path} was ${found ? 'replaced' : 'removed'} while it was locked; stop all writers of this backend, then start them again`,
    { path },
  )
}
