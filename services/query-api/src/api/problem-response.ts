import { STATUS_CODES } from 'node:http'
import { PROBLEM_TYPE, retryAfterOf, toProblem } from './problem.ts'

/** A problem as the bytes of a whole HTTP answer, for sockets that no route has; the connection closes after it. */
export function problemResponse(error: unknown, requestId?: string): string {
  const problem = toProblem(error, requestId)
  const retryAfter = retryAfterOf(error, problem)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...(requestId === undefined ? [] : [`x-request-id: ${requestId}`]),
    ...(retryAfter === undefined ? [] : [`retry-after: ${retryAfter}`]),
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
