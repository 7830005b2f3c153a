import type { ClientSession } from './client-session.ts'

/** Answers one request; `fields[0]` is its message id. One that takes time gives a promise, and may be answered after later requests. */
export type RequestHandler = (session: ClientSession, fields: readonly string[]) => void | Promise<void>

/** Error 200 in IB's words. */
export const NO_DEFINITION = 'No security definition has been found for the request'
