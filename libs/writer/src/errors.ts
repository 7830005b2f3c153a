import { IbsError } from '@ib-stream/model'

export const WRITER_ERROR_CODES = [
  'IBS_WRITER_SOURCE_MIXED', // the log holds the other source (simulator, gateway) than this writer is configured for
  'IBS_WRITER_PARTITION_COUNT', // the log is cut into another number of partitions than this version shares
  'IBS_WRITER_BEHIND', // a partition has not taken from the log what work on its files has to know
] as const
export type WriterErrorCode = (typeof WRITER_ERROR_CODES)[number]

export class WriterError extends IbsError<WriterErrorCode> {}
