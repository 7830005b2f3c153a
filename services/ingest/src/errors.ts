import { IbsError } from '@ib-stream/model'

export const INGEST_ERROR_CODES = [
  'IBS_INGEST_NOTHING_TRACKED', // no contract is named, so there is nothing to record
  'IBS_INGEST_LOG_REFUSED', // the log does not take this ingest's ticks (another spool or source owns it)
  'IBS_INGEST_QUERY_INVALID', // a contract look-up that cannot be; the field and its rule are named
  'IBS_INGEST_NO_CONTRACT', // IB knows nothing under the description
  'IBS_INGEST_GATEWAY_AWAY', // the gateway is away, and nothing is kept of what was asked for
  'IBS_INGEST_LOOKUP_FAILED', // the gateway did not answer a look-up, or refused it
] as const
export type IngestErrorCode = (typeof INGEST_ERROR_CODES)[number]

export class IngestError extends IbsError<IngestErrorCode> {}
