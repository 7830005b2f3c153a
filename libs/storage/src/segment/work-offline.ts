import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Backend } from '../layout/backend.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { nodeDisk } from './disk.ts'
import { lockPartition } from './partition-lock.ts'
import type { PartitionWork } from './partition-store.ts'

/** Works on the files of a partition that nobody owns now, under its lock. Undefined: somebody owns it; ask them. */
export async function workOffline<Result>(
  about: { dataDir: string; backend: Backend; partition: PartitionId },
  work: (ground: PartitionWork) => Promise<Result>,
): Promise<{ result: Result } | undefined> {
  const { dataDir, backend, partition } = about
  const path = join(dataDir, statePaths(backend, partition).lock)
  await mkdir(dirname(path), { recursive: true })
  const lock = await lockPartition(path)
  if (lock === undefined) return undefined
  try {
    return { result: await work({ disk: nodeDisk(dataDir), backend, partition, checkLocks: () => lock.check() }) }
  } finally {
    await lock.release()
  }
}
