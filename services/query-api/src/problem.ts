import { codeOf } from '@ib-stream/model'
import { TAPE_ERROR_CODES, type TapeErrorCode } from '@ib-stream/tape'
import { QUERY_ERROR_CODES, QueryError, type QueryErrorCode } from './errors.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** RFC 9457, with the code and what would have been allowed. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  field?: unknown
  value?: unknown
  allowed?: unknown
}

type KnownCode = QueryErrorCode | TapeErrorCode

const ANSWERS: Record<KnownCode, { status: number; title: string }> = {
  IBS_QUERY_PARAMETER_INVALID: { status: 400, title: 'A parameter is wrong' },
  IBS_QUERY_PARAMETER_UNKNOWN: { status: 400, title: 'There is no such parameter' },
  IBS_QUERY_RANGE_INVALID: { status: 400, title: 'The time range is wrong' },
  IBS_QUERY_FORMAT_UNACCEPTABLE: { status: 406, title: 'No such format' },
  IBS_QUERY_REQUEST_INVALID: { status: 400, title: 'The request cannot be read' },
  IBS_QUERY_ROUTE_UNKNOWN: { status: 404, title: 'There is nothing here' },
  IBS_QUERY_LIVE_UNAVAILABLE: { status: 503, title: 'Live ticks are not available yet' },
  IBS_QUERY_INTERNAL: { status: 500, title: 'Something failed inside' },
  IBS_TAPE_CURSOR_GONE: { status: 410, title: 'The place to go on from is gone' },
  IBS_TAPE_SLOW_CONSUMER: { status: 503, title: 'Read too slowly' },
  IBS_TAPE_LOG_CUT: { status: 503, title: 'The log was cut' },
  IBS_TAPE_LOG_AWAY: { status: 503, title: 'The log does not answer' },
  IBS_TAPE_TAIL_GONE: { status: 503, title: 'The newest ticks are not available' },
  IBS_TAPE_TAIL_TOO_LONG: { status: 503, title: 'The writers are too far behind' },
  IBS_TAPE_CLOSED: { status: 503, title: 'The service is stopping' },
}

const isKnown = (code: string | undefined): code is KnownCode =>
  (QUERY_ERROR_CODES as readonly (string | undefined)[]).includes(code) ||
  (TAPE_ERROR_CODES as readonly (string | undefined)[]).includes(code)

/** What a client is told of an error. A failure of our own says nothing of the inside. */
export function toProblem(error: unknown): Problem {
  const known = explain(error)
  const code = codeOf(known)
  if (!isKnown(code))
    return toProblem(new QueryError('IBS_QUERY_INTERNAL', 'the request could not be answered; the log of query-api has the cause'))
  const { status, title } = ANSWERS[code]
  const { message, facts } = known as QueryError
  const problem: Problem = { type: `urn:ib-stream:error:${code}`, title, status, detail: message.slice(`${code}: `.length), code }
  for (const key of ['field', 'value', 'allowed'] as const) if (facts[key] !== undefined) problem[key] = facts[key]
  return problem
}

/** Fastify's own complaints about a request become ours. */
function explain(error: unknown): unknown {
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown }
  const isClients = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isClients && !isKnown(codeOf(error))
    ? new QueryError('IBS_QUERY_REQUEST_INVALID', `${message}; mend the request`, {}, { cause: error })
    : error
}
