import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PARTITION_COUNT } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { lockPartition, type PartitionLock } from '../segment/partition-lock.ts'

export interface HeldLocks extends AsyncDisposable {
  /** @throws StorageError `IBS_STORAGE_LOCK_REPLACED` */
  check(): Promise<void>
}

/**
 * Takes every tick partition of backends, so that no writer changes a file meanwhile. Where `makeFiles` is not set, locks that have no file yet are passed over.
 * @param options.events the partition of the recorder events, which the json backend keeps, as well
 * @throws StorageError `IBS_STORAGE_BACKEND_IN_USE` where somebody holds one; none is held then
 */
export async function lockBackends(
  dataDir: string,
  backends: readonly Backend[],
  { makeFiles, events = false }: { makeFiles: boolean; events?: boolean },
): Promise<HeldLocks> {
  const held: PartitionLock[] = []
  const release = async () => {
    for (const lock of held.splice(0)) await lock.release()
  }
  try {
    for (const backend of backends) for (let partition = 0; partition < PARTITION_COUNT; partition++) await take(backend, partition)
    if (events) await take('json', 'events')
  } catch (error) {
    await release()
    throw error
  }
  return {
    check: async () => {
      for (const lock of held) await lock.check()
    },
    [Symbol.asyncDispose]: release,
  }

  async function take(backend: Backend, partition: PartitionId): Promise<void> {
    const path = statePaths(backend, partition).lock
    const absolute = join(dataDir, path)
    if (makeFiles) await mkdir(dirname(absolute), { recursive: true })
    else if (!existsSync(absolute)) return
    const lock = await lockPartition(absolute)
    if (lock) held.push(lock)
    else
      throw new StorageError('IBS_STORAGE_BACKEND_IN_USE', `a writer holds ${path}; stop ib-stream on ${dataDir}, then try again`, {
        path,
        backend,
        partition,
      })
  }
}
