import type { Socket } from 'node:net'
import { codeOf } from '@ib-stream/model'
import { QueryError } from '../errors.ts'
import { problemResponse } from './problem-response.ts'

/** Most bytes of all headers, the path among them. @see Node `maxHeaderSize` */
export const MAX_HEADER_BYTES = 16 * 1024
/** Most bytes of a body: the largest is a subscription to a hundred contracts. */
export const MAX_BODY_BYTES = 64 * 1024
/** A client that takes longer to say what it wants gets its socket closed. */
export const REQUEST_WITHIN_MS = 15_000

/** Answers what is no HTTP request at all, before any route sees it, and closes the connection. */
export function answerClientError(error: Error, socket: Socket): void {
  if (codeOf(error) === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  socket.end(problemResponse(complaintOf(codeOf(error))))
}

function complaintOf(code: string | undefined): QueryError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new QueryError('IBS_QUERY_REQUEST_TOO_LARGE', `path and headers take more than ${MAX_HEADER_BYTES} bytes; send shorter ones`, {
      allowed: `${MAX_HEADER_BYTES} bytes`,
    })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new QueryError('IBS_QUERY_REQUEST_INVALID', `the request was not whole within ${REQUEST_WITHIN_MS} ms; send it faster`)
  return new QueryError('IBS_QUERY_REQUEST_INVALID', 'this is no well-formed HTTP request; mend the client')
}
