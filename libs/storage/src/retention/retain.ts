import { statfs } from 'node:fs/promises'
import { usFromMs } from '@ib-stream/model'
import { lockBackends } from '../import/lock-backends.ts'
import { BACKENDS, type Backend, SEALED_BACKEND } from '../layout/backend.ts'
import { statePaths } from '../layout/state-path.ts'
import { type Disk, nodeDisk } from '../segment/disk.ts'
import { stoppable } from '../segment/fail-points.ts'
import { assertTree } from '../verify/verify.ts'
import { type FileRemover, offlineRemover } from './file-remover.ts'
import { assertKeep, limitedBackends, longerKept } from './keep.ts'
import { emptyCounts, type RetentionOptions, type RetentionReport } from './report.ts'
import { BackendRetention } from './retain-backend.ts'

/**
 * Takes away what is older, or more, than is kept of each backend: whole UTC days, oldest first, and of them only closed hours of which a longer-kept backend holds
 * as many ticks, in files that were read and are whole. Takes the locks of these backends. Killed at any moment, each file is there for every reader or for none,
 * and the next owner of its partition (or the next retention) goes on. Recorder events are never removed. Memory: the hours of one day.
 * @throws StorageError `IBS_STORAGE_BACKEND_IN_USE` while a writer holds a lock, `IBS_STORAGE_TREE_MISSING`, `IBS_STORAGE_RETENTION_INVALID`; `signal.reason`
 */
export function retain(options: RetentionOptions): Promise<RetentionReport> {
  return retainOn(stoppable(nodeDisk(options.dataDir)), options)
}

/** As `retain`; tests give a disk that fails. */
export async function retainOn(disk: Disk, options: RetentionOptions): Promise<RetentionReport> {
  const { dataDir, keep, dryRun = false } = options
  assertKeep(keep)
  await assertTree(dataDir) // before any lock file is made
  const limited = limitedBackends(keep)
  await using locks = await lockBackends(dataDir, limited, { makeFiles: !dryRun })
  const removers = new Map<string, FileRemover>()
  const removerOf = async (backend: Backend, partition: number) => {
    const key = `${backend}/${partition}`
    const remover = removers.get(key) ?? (await offlineRemover({ disk, backend, partition, checkLock: () => locks.check() }))
    removers.set(key, remover)
    return remover
  }
  return retainBackends(options, { disk, backends: limited, only: undefined, removerOf })
}

export interface OwnedPartition {
  /** Open; its owner may go on with it meanwhile. */
  store: FileRemover
  backend: Backend
  partition: number
}

/**
 * As `retain`, for the files of one partition, by its owner: between two commits and without a pause for readers. Of the share of the disk it does its part, the owners
 * of other partitions are to do theirs.
 * @throws StorageError `IBS_STORAGE_RETENTION_INVALID`; `signal.reason`
 */
export async function retainPartition({ store, backend, partition }: OwnedPartition, options: RetentionOptions): Promise<RetentionReport> {
  assertKeep(options.keep)
  const backends = limitedBackends(options.keep).filter((name) => name === backend)
  return retainBackends(options, { disk: nodeDisk(options.dataDir), backends, only: partition, removerOf: async () => store })
}

interface Ground {
  disk: Disk
  backends: readonly Backend[]
  only: number | undefined
  removerOf(backend: Backend, partition: number): Promise<FileRemover>
}

async function retainBackends(options: RetentionOptions, { disk, backends, only, removerOf }: Ground): Promise<RetentionReport> {
  const { dataDir, keep, nowUs = usFromMs(Date.now()) } = options
  const counts = emptyCounts()
  const { blocks, bsize } = await statfs(dataDir)
  for (const backend of backends) {
    const work = {
      ...{ disk, backend, only, diskBytes: blocks * bsize },
      longerKept: longerKept(keep, backend, options.backends ?? [...BACKENDS, SEALED_BACKEND]),
      removerOf: (partition: number) => removerOf(backend, partition),
      visiblePathOf: (partition: number) => statePaths(backend, partition).visible,
    }
    await new BackendRetention({ ...options, nowUs }, work, counts).run()
  }
  return counts
}
