import { PARTITION_COUNT } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import type { Backend } from './backend.ts'

/** A partition of the log by contract, 0 to 15, or the recorder events. */
export type PartitionId = number | 'events'

/** Where a partition keeps what it knows; all relative to DATA_DIR. */
export interface StatePaths {
  folder: string
  lock: string
  visible: string
  durable: string
}

/** @throws StorageError `IBS_STORAGE_PATH_INVALID` for a partition that does not exist */
export function statePaths(backend: Backend, partition: PartitionId): StatePaths {
  const name = partitionName(partition)
  const folder = `.state/${backend}/checkpoints`
  return {
    folder,
    lock: `.state/${backend}/locks/${name}.lock`,
    visible: `${folder}/${name}.visible.json`,
    durable: `${folder}/${name}.durable.json`,
  }
}

/**
 * A partition in the name of a file: `09`, `events`.
 * @throws StorageError `IBS_STORAGE_PATH_INVALID` for a partition that does not exist
 */
export function partitionName(partition: PartitionId): string {
  if (partition === 'events') return partition
  if (Number.isInteger(partition) && partition >= 0 && partition < PARTITION_COUNT) return String(partition).padStart(2, '0')
  throw new StorageError('IBS_STORAGE_PATH_INVALID', `there is no partition ${partition}; use 0 to ${PARTITION_COUNT - 1} or 'events'`, {
    partition,
  })
}

/** The partition that a name says; undefined where it says none. */
export function partitionOfName(name: string): PartitionId | undefined {
  if (name === 'events') return name
  const partition = /^\d\d$/.test(name) ? Number(name) : PARTITION_COUNT
  return partition < PARTITION_COUNT ? partition : undefined
}
