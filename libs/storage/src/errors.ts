import { codeOf, IbsError } from '@ib-stream/model'

/** Every error of the storage engine. Codes are never renamed or reused. */
export const STORAGE_ERROR_CODES = [
  'IBS_STORAGE_TICK_INVALID', // a record is no tick of format v3 (field, value, rule)
  'IBS_STORAGE_RECORD_TORN', // damage where only whole records may be: inside committed bytes, or at the end of a file to append to
  'IBS_STORAGE_RECORD_TOO_LONG', // a line without end, or a length that no record has: these bytes are not records
  'IBS_STORAGE_PATH_INVALID', // a path that is not in the layout, or belongs to another partition
  'IBS_STORAGE_BACKEND_INVALID', // a backend that was not given to addBackend, or cannot be
  'IBS_STORAGE_TREE_MISSING', // a folder that holds no recording
  'IBS_STORAGE_LINK_REFUSED', // a symbolic link among the recordings: it could lead out of DATA_DIR
  'IBS_STORAGE_RANGE_INVALID', // a range that is empty or not in whole µs, or an option that cannot be
  'IBS_STORAGE_RANGE_UNSTABLE', // the checkpoints moved on each time the files of a range were looked at
  'IBS_STORAGE_SEGMENT_GONE', // a file was removed or replaced between the opening of a range and its reading
  'IBS_STORAGE_CLOSED', // used after close()
  'IBS_STORAGE_SEQUENCE_BACKWARDS', // a message boundary that is not above the last one: its ticks would be doubled
  'IBS_STORAGE_OPEN_FAILED', // the state of a partition cannot be read, made or locked (permissions, read-only disk, I/O error)
  'IBS_STORAGE_PENDING_FULL', // more bytes wait for a commit than may; commit, then append again
  'IBS_STORAGE_WRITE_FAILED', // bytes could not be written (full disk, I/O error); all is kept, a later commit tries again
  'IBS_STORAGE_SYNC_FAILED', // the kernel could not make bytes durable; the store is over and must be opened again
  'IBS_STORAGE_LOCK_REPLACED', // the lock file is not the one that was locked: two owners would be possible
  'IBS_STORAGE_FILE_SYSTEM', // locks on this file system do not keep other containers or hosts out
  'IBS_STORAGE_SOURCE_MIXED', // the checkpoint belongs to another recording (spool id, or simulator and gateway)
  'IBS_STORAGE_PARTITION_COUNT', // the checkpoint was made with another number of partitions
  'IBS_STORAGE_CHECKPOINT_AHEAD', // a file is shorter than its checkpoint says: committed ticks are gone
  'IBS_STORAGE_MANIFEST_AHEAD', // a closed file is missing or shorter than its manifest says, and no other backend is known to be whole there
  'IBS_STORAGE_BACKEND_IN_USE', // work on files that only their owner may do, while a writer holds a lock of the backend
  'IBS_STORAGE_IMPORT_REFUSED', // sources or options of an import that cannot be
  'IBS_STORAGE_CHECKPOINT_DAMAGED', // a durable checkpoint that cannot be read
  'IBS_STORAGE_REBUILD_WAITS', // a lost checkpoint cannot be made anew before the log can be read, or has been refilled
  'IBS_STORAGE_RETENTION_INVALID', // a limit of retention that cannot be
  'IBS_STORAGE_JOB_INVALID', // work that the owner of a partition was asked for and that cannot be
  'IBS_STORAGE_SEALED_DAMAGED', // a sealed Parquet file whose footer, pages or checksums do not hold
  'IBS_STORAGE_REPAIR_UNSURE', // a repair read back other bytes than it wrote; nothing was replaced
] as const
export type StorageErrorCode = (typeof STORAGE_ERROR_CODES)[number]

/** What goes wrong in storage. `facts` name path, offset, field and so on; the message ends with what to do. */
export class StorageError extends IbsError<StorageErrorCode> {
  override readonly name = 'StorageError'
}

/** True where a file or folder is simply not there; anything else that went wrong is not answered by this. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
