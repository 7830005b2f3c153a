import { IbsError } from '@ib-stream/model'

export const INGEST_ERROR_CODES = [
  'IBS_INGEST_NOTHING_TRACKED', // no contract is named, so there is nothing to record
  'IBS_INGEST_LOG_REFUSED', // the log does not take this ingest's ticks (another spool or source owns it)
] as const
export type IngestErrorCode = (typeof INGEST_ERROR_CODES)[number]

export class IngestError extends IbsError<IngestErrorCode> {}
