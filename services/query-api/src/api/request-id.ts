import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Goes into logs and problems, so nothing that could break a line or a header. */
const FORM = /^[\w.-]{1,64}$/

/** The caller's `x-request-id` where it is a plain word, so that its logs and ours meet; else a new one. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && FORM.test(given) ? given : randomUUID()
}
