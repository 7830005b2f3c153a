import { codeOf, type IbsError } from '@ib-stream/model'
import { z } from 'zod'
import { QueryError } from '../errors.ts'
import { isKnown, KNOWN_CODES, type KnownCode, PROBLEMS } from './problem-table.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** RFC 9457, with the code and what would have been allowed. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe('urn:ib-stream:error:<code>'),
    title: z.string().describe('What kind of problem it is, the same for each problem of a code'),
    status: z.int().describe('The HTTP status once more'),
    detail: z.string().describe('What is wrong with this request, and what to do; for people'),
    code: z.enum(KNOWN_CODES as [KnownCode, ...KnownCode[]]).describe('The code to decide by; docs/reference/errors.md lists all'),
    instance: z.string().optional().describe('urn:ib-stream:request:<x-request-id>; the log has the same id'),
    field: z.unknown().optional().describe('The parameter or header that is wrong'),
    value: z.unknown().optional().describe('What was given'),
    allowed: z.unknown().optional().describe('What would have been right, in words or as a list'),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457)' })
export type Problem = z.output<typeof problemSchema>

/** What a client is told of an error. A failure of our own says nothing of the inside. */
export function toProblem(error: unknown, requestId?: string): Problem {
  const known = explain(error)
  const code = codeOf(known)
  if (!isKnown(code))
    return toProblem(
      new QueryError('IBS_QUERY_INTERNAL', 'the request could not be answered; the log of query-api has the cause'),
      requestId,
    )
  const { status, title } = PROBLEMS[code]
  const { message, facts } = known as IbsError
  const problem: Problem = { type: `urn:ib-stream:error:${code}`, title, status, detail: message.slice(`${code}: `.length), code }
  if (requestId !== undefined) problem.instance = `urn:ib-stream:request:${requestId}`
  for (const key of ['field', 'value', 'allowed'] as const) if (facts[key] !== undefined) problem[key] = facts[key]
  return problem
}

/** Seconds after which another attempt makes sense, for the header; undefined where none does. */
export function retryAfterOf(error: unknown, { status }: Problem): number | undefined {
  const { facts } = error as { facts?: { retryAfterMs?: unknown } }
  if (typeof facts?.retryAfterMs === 'number') return Math.max(1, Math.ceil(facts.retryAfterMs / 1_000))
  return status === 503 || status === 429 ? 1 : undefined
}

const TOO_LARGE = 413

/** Fastify's own complaints about a request become ours. */
function explain(error: unknown): unknown {
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown }
  const isClients = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  if (!isClients || isKnown(codeOf(error))) return error
  const code = statusCode === TOO_LARGE ? 'IBS_QUERY_REQUEST_TOO_LARGE' : 'IBS_QUERY_REQUEST_INVALID'
  return new QueryError(code, `${message}; mend the request`, {}, { cause: error })
}
