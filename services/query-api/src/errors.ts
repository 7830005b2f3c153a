import { IbsError } from '@ib-stream/model'

/** Every error that query-api itself answers with. Codes are never renamed or reused. */
export const QUERY_ERROR_CODES = [
  'IBS_QUERY_PARAMETER_INVALID', // a parameter breaks its rule; field, value and allowed say which
  'IBS_QUERY_PARAMETER_UNKNOWN', // a parameter that this route does not have
  'IBS_QUERY_RANGE_INVALID', // the parameters of time contradict each other, or the range is empty
  'IBS_QUERY_SESSION_UNKNOWN', // the calendar of the contract does not have what was asked for
  'IBS_QUERY_CONTRACT_UNKNOWN', // IB knows no contract of this name
  'IBS_QUERY_CONTRACT_AMBIGUOUS', // a symbol that several contracts have; allowed lists them
  'IBS_QUERY_CONTRACT_UNAVAILABLE', // contracts cannot be looked up now
  'IBS_QUERY_BODY_INVALID', // a field of the body breaks its rule
  'IBS_QUERY_FORMAT_UNACCEPTABLE', // Accept names no format that can be given
  'IBS_QUERY_REQUEST_INVALID', // the request is no well-formed HTTP request for this server
  'IBS_QUERY_REQUEST_TOO_LARGE', // headers or body are larger than this server takes
  'IBS_QUERY_ROUTE_UNKNOWN', // no such path
  'IBS_QUERY_METHOD_NOT_ALLOWED', // the path is there, but not with this method
  'IBS_QUERY_LIVE_UNAVAILABLE', // the bus is not there yet, so nothing live can be given
  'IBS_QUERY_UPGRADE_REQUIRED', // a path for WebSockets, without an upgrade
  'IBS_QUERY_MESSAGE_INVALID', // a WebSocket message that breaks its rule; field says where
  'IBS_QUERY_SUBSCRIPTION_UNKNOWN', // a WebSocket message about a subscription that is not there
  'IBS_QUERY_TOO_MANY_STREAMS', // more clients or subscriptions than are taken
  'IBS_QUERY_TOO_MANY_REQUESTS', // faster than is allowed
  'IBS_QUERY_KEY_MISSING', // no API key, or one that is not known
  'IBS_QUERY_KEY_FORBIDDEN', // the key may not do this
  'IBS_QUERY_ORIGIN_REFUSED', // a web page of another origin asks for a WebSocket
  'IBS_QUERY_HOST_REFUSED', // the request names this server by a name that is not its own
  'IBS_QUERY_INGEST_AWAY', // ingest does not answer over the bus
  'IBS_QUERY_NOT_RECORDED', // nobody has this contract recorded now
  'IBS_QUERY_NOT_TRACKED', // the list of what is recorded by itself has no such name
  'IBS_QUERY_FILE_UNKNOWN', // the contract has no such file
  'IBS_QUERY_FILE_OPEN', // a writer may still add to the file
  'IBS_QUERY_BYTES_OUTSIDE', // the file has no such bytes
  'IBS_QUERY_CLIENT_UNKNOWN', // no such client is connected
  'IBS_QUERY_INTERNAL', // a failure of ib-stream itself; the log of query-api has its cause
] as const
export type QueryErrorCode = (typeof QUERY_ERROR_CODES)[number]

/** What was wrong with a request, for the one who sent it. */
export interface Complaint {
  field?: string
  value?: unknown
  /** What would have been right. */
  allowed?: unknown
  [fact: string]: unknown
}

export class QueryError extends IbsError<QueryErrorCode> {
  override readonly name = 'QueryError'

  constructor(code: QueryErrorCode, message: string, complaint: Complaint = {}, options: { cause?: unknown } = {}) {
    super(code, message, complaint, options)
  }
}
