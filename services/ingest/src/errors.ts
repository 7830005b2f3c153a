import { IbsError } from '@ib-stream/model'

export const INGEST_ERROR_CODES = [
  'IBS_INGEST_LOG_REFUSED', // the log does not take this ingest's ticks (another spool or source owns it)
  'IBS_INGEST_QUERY_INVALID', // a contract look-up that cannot be; the field and its rule are named
  'IBS_INGEST_NO_CONTRACT', // IB knows nothing under the description
  'IBS_INGEST_GATEWAY_AWAY', // the gateway is away, and nothing is kept of what was asked for
  'IBS_INGEST_LOOKUP_FAILED', // the gateway did not answer a look-up, or refused it
  'IBS_INGEST_NAME_AMBIGUOUS', // a name fits several contracts, or none that is left; they are listed
  'IBS_INGEST_LEASE_INVALID', // a request for a stream that cannot be read
  'IBS_INGEST_NO_LINE', // every tick-by-tick line is taken; who has them is told
  'IBS_INGEST_STREAM_REFUSED', // IB does not take the request for a stream; its words and what to do
  'IBS_INGEST_BACKFILL_INVALID', // a request to fill a range that cannot be; the field and its rule are named
] as const
export type IngestErrorCode = (typeof INGEST_ERROR_CODES)[number]

export class IngestError extends IbsError<IngestErrorCode> {}
