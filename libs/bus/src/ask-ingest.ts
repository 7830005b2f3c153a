import { errors } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'
import { BusError } from './errors.ts'
import { notAllowed } from './listen.ts'

/**
 * Asks ingest on a subject of its own.
 * @returns its answer, JSON of our own version of the same code
 * @throws BusError `IBS_BUS_NO_ANSWER` where none runs or it is silent, `IBS_BUS_NOT_AUTHORIZED` where the server does not let us ask
 */
export async function askIngest<Answer>(bus: Bus, subject: string, body: string, withinMs: number): Promise<Answer> {
  try {
    const message = await bus.connection.request(subject, body, { timeout: withinMs })
    return message.json<Answer>()
  } catch (cause) {
    const why = cause instanceof errors.RequestError ? cause.cause : cause
    if (why instanceof errors.PermissionViolationError) throw notAllowed(`ask on ${subject}`, why)
    const words = Error.isError(cause) ? cause.message : String(cause)
    throw new BusError(
      'IBS_BUS_NO_ANSWER',
      `ingest does not answer (${words}); look whether it runs, then ask again`,
      { subject },
      { cause },
    )
  }
}
