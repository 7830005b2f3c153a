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
  if (partition !== 'events' && !(Number.isInteger(partition) && partition >= 0 && partition < PARTITION_COUNT)) {
    throw new StorageError('IBS_STORAGE_PATH_INVALID', `there is no partition ${partition}; use 0 to ${PARTITION_COUNT - 1} or 'events'`, {
      partition,
    })
  }
  const name = partition === 'events' ? partition : String(partition).padStart(2, '0')
  const folder = `.state/${backend}/checkpoints`
  return {
    folder,
    lock: `.state/${backend}/locks/${name}.lock`,
    visible: `${folder}/${name}.visible.json`,
    durable: `${folder}/${name}.durable.json`,
  }
}
