import type { StorageErrorCode } from '@ib-stream/storage'
import { TAPE_ERROR_CODES, type TapeErrorCode } from '@ib-stream/tape'
import { QUERY_ERROR_CODES, type QueryErrorCode } from '../errors.ts'

/** Errors of the files that a client can do something about, or should know for what they are; asking again helps with the first two. */
export const FILES_ERRORS = [
  'IBS_STORAGE_RANGE_UNSTABLE',
  'IBS_STORAGE_SEGMENT_GONE',
  'IBS_STORAGE_MANIFEST_AHEAD',
  'IBS_STORAGE_CHECKPOINT_AHEAD',
  'IBS_STORAGE_RECORD_TORN',
] as const satisfies readonly StorageErrorCode[]
type FilesErrorCode = (typeof FILES_ERRORS)[number]

/** Errors that a client may meet. */
export type KnownCode = QueryErrorCode | TapeErrorCode | FilesErrorCode

/** How each of them is answered. */
export const PROBLEMS: Readonly<Record<KnownCode, { status: number; title: string }>> = {
  IBS_QUERY_PARAMETER_INVALID: { status: 400, title: 'A parameter is wrong' },
  IBS_QUERY_PARAMETER_UNKNOWN: { status: 400, title: 'There is no such parameter' },
  IBS_QUERY_RANGE_INVALID: { status: 400, title: 'The time range is wrong' },
  IBS_QUERY_SESSION_UNKNOWN: { status: 404, title: 'There is no such session' },
  IBS_QUERY_CONTRACT_UNKNOWN: { status: 404, title: 'There is no such contract' },
  IBS_QUERY_CONTRACT_AMBIGUOUS: { status: 409, title: 'Several contracts have this name' },
  IBS_QUERY_CONTRACT_UNAVAILABLE: { status: 503, title: 'Contracts cannot be looked up now' },
  IBS_QUERY_BODY_INVALID: { status: 400, title: 'The body is wrong' },
  IBS_QUERY_FORMAT_UNACCEPTABLE: { status: 406, title: 'No such format' },
  IBS_QUERY_REQUEST_INVALID: { status: 400, title: 'The request cannot be read' },
  IBS_QUERY_REQUEST_TOO_LARGE: { status: 413, title: 'The request is too large' },
  IBS_QUERY_ROUTE_UNKNOWN: { status: 404, title: 'There is nothing here' },
  IBS_QUERY_METHOD_NOT_ALLOWED: { status: 405, title: 'Not with this method' },
  IBS_QUERY_LIVE_UNAVAILABLE: { status: 503, title: 'Live ticks are not available yet' },
  IBS_QUERY_UPGRADE_REQUIRED: { status: 426, title: 'A WebSocket is needed here' },
  IBS_QUERY_MESSAGE_INVALID: { status: 400, title: 'The message is wrong' },
  IBS_QUERY_SUBSCRIPTION_UNKNOWN: { status: 404, title: 'There is no such subscription' },
  IBS_QUERY_TOO_MANY_STREAMS: { status: 429, title: 'Too many streams' },
  IBS_QUERY_TOO_MANY_REQUESTS: { status: 429, title: 'Too many requests' },
  IBS_QUERY_KEY_MISSING: { status: 401, title: 'An API key is needed' },
  IBS_QUERY_KEY_FORBIDDEN: { status: 403, title: 'The key may not do this' },
  IBS_QUERY_ORIGIN_REFUSED: { status: 403, title: 'Not from this page' },
  IBS_QUERY_HOST_REFUSED: { status: 421, title: 'Not the name of this server' },
  IBS_QUERY_INGEST_AWAY: { status: 503, title: 'The recorder does not answer' },
  IBS_QUERY_NOT_RECORDED: { status: 404, title: 'The contract is not recorded now' },
  IBS_QUERY_NOT_TRACKED: { status: 404, title: 'The contract is not tracked' },
  IBS_QUERY_FILE_UNKNOWN: { status: 404, title: 'There is no such file' },
  IBS_QUERY_FILE_OPEN: { status: 409, title: 'The file is not closed yet' },
  IBS_QUERY_BYTES_OUTSIDE: { status: 416, title: 'The file has no such bytes' },
  IBS_QUERY_CLIENT_UNKNOWN: { status: 404, title: 'There is no such client' },
  IBS_QUERY_INTERNAL: { status: 500, title: 'Something failed inside' },
  IBS_TAPE_CURSOR_GONE: { status: 410, title: 'The place to go on from is gone' },
  IBS_TAPE_SLOW_CONSUMER: { status: 503, title: 'Read too slowly' },
  IBS_TAPE_LOG_CUT: { status: 503, title: 'The log was cut' },
  IBS_TAPE_LOG_AWAY: { status: 503, title: 'The log does not answer' },
  IBS_TAPE_TAIL_GONE: { status: 503, title: 'The newest ticks are not available' },
  IBS_TAPE_TAIL_TOO_LONG: { status: 503, title: 'The writers are too far behind' },
  IBS_STORAGE_RANGE_UNSTABLE: { status: 503, title: 'The files change too fast' },
  IBS_STORAGE_SEGMENT_GONE: { status: 503, title: 'The files changed meanwhile' },
  IBS_STORAGE_MANIFEST_AHEAD: { status: 500, title: 'Recorded ticks are lost' },
  IBS_STORAGE_CHECKPOINT_AHEAD: { status: 500, title: 'Recorded ticks are lost' },
  IBS_STORAGE_RECORD_TORN: { status: 500, title: 'Recorded ticks are damaged' },
  IBS_TAPE_CLOSED: { status: 503, title: 'The service is stopping' },
}

export const KNOWN_CODES: readonly KnownCode[] = [...QUERY_ERROR_CODES, ...TAPE_ERROR_CODES, ...FILES_ERRORS]

export const isKnown = (code: string | undefined): code is KnownCode => code !== undefined && Object.hasOwn(PROBLEMS, code)

/** What any request may meet, whatever its route. */
export const COMMON_ERRORS: readonly KnownCode[] = [
  'IBS_QUERY_HOST_REFUSED',
  'IBS_QUERY_ORIGIN_REFUSED',
  'IBS_QUERY_KEY_MISSING',
  'IBS_QUERY_KEY_FORBIDDEN',
  'IBS_QUERY_TOO_MANY_REQUESTS',
  'IBS_QUERY_PARAMETER_UNKNOWN',
  'IBS_QUERY_REQUEST_INVALID',
  'IBS_QUERY_REQUEST_TOO_LARGE',
  'IBS_QUERY_INTERNAL',
  'IBS_TAPE_CLOSED',
]
