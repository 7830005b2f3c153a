import { codeOf } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import type { Disk } from './disk.ts'

/** No fsync was called yet where a file could not even be opened for it: nothing is lost and it may be tried again. */
const NOT_YET_CALLED = new Set(['EMFILE', 'ENFILE'])

export const isNotYetCalled = (error: unknown): boolean => NOT_YET_CALLED.has(codeOf(error) ?? '')

/**
 * Runs fsyncs. A failed fsync leaves pages that are marked clean and may be gone, and a second call would say that all is well. So it is never called again:
 * the visible checkpoint, which vouches for these pages, is taken away, and who opens next cuts to the durable one and takes the rest from the log.
 * @throws StorageError `IBS_STORAGE_SYNC_FAILED`; as it comes what is no failure of an fsync
 */
export async function syncOrGiveUp(disk: Disk, visiblePath: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (isNotYetCalled(error)) throw error
    const cause = await disk.remove(visiblePath).then(
      () => error,
      (second: unknown) => new AggregateError([error, second], `and ${visiblePath} could not be removed: remove it by hand`),
    )
    throw new StorageError(
      'IBS_STORAGE_SYNC_FAILED',
      'the disk did not keep what was written; look at the disk, then open the partition again',
      { visiblePath },
      { cause },
    )
  }
}
