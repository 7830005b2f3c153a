/** Codes of the client itself; a refused request has the server's own code. */
export const CLIENT_ERROR_CODES = [
  'IBS_CLIENT_SERVER_AWAY', // nothing answers at the address, or the connection broke
  'IBS_CLIENT_ANSWER_UNREADABLE', // what answers is no ib-stream, or not the part that was asked for
  'IBS_CLIENT_STREAM_ENDED', // the server ended a stream and does not want it to go on
] as const
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number]

export interface ClientErrorFacts {
  /** HTTP status; 0 where there was no answer. */
  status: number
  /** The parameter that is wrong, what was given, and what would have been right, as the server tells. */
  field?: unknown
  value?: unknown
  allowed?: unknown
  /** When it makes sense to try again, ms. */
  retryAfterMs?: number
}

/** A request that was not answered with data. Decide by `code`: one of {@link CLIENT_ERROR_CODES}, or one of the server's (docs/reference/errors.md). */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: string
  readonly facts: ClientErrorFacts

  constructor(code: string, message: string, facts: ClientErrorFacts, options: { cause?: unknown } = {}) {
    super(`${code}: ${message}`, options)
    this.code = code
    this.facts = facts
  }
}
