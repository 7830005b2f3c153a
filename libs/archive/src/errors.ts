import { IbsError } from '@ib-stream/model'

/** Every error of the archive in object storage. Codes are never renamed or reused. */
export const ARCHIVE_ERROR_CODES = [
  'IBS_ARCHIVE_OFF', // no bucket is set
  'IBS_ARCHIVE_AWAY', // the server does not answer, or says that it cannot now
  'IBS_ARCHIVE_REFUSED', // the server does not take the keys, or they may not do this, or there is no such bucket
  'IBS_ARCHIVE_WRITE_FAILED', // the disk does not take what is fetched
  'IBS_ARCHIVE_SOURCE_MIXED', // the prefix holds days of the simulator and these are real ones, or the other way
  'IBS_ARCHIVE_CHECKSUM', // what the server holds, or gave, is not what was copied
  'IBS_ARCHIVE_FEWER_TICKS', // the day here has fewer ticks than its copy
  'IBS_ARCHIVE_COPY_LOST', // a copy is damaged or gone, and its day is not here any more
  'IBS_ARCHIVE_RECORD_INVALID', // what says which days are archived cannot be read
] as const
export type ArchiveErrorCode = (typeof ARCHIVE_ERROR_CODES)[number]

/** What goes wrong between the files and the bucket. `facts` name key, path and so on; the message ends with what to do. */
export class ArchiveError extends IbsError<ArchiveErrorCode> {
  override readonly name = 'ArchiveError'
}
