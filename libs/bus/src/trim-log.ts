import { errors, type Msg } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'
import { BusError } from './errors.ts'
import { listen, notAllowed } from './listen.ts'
import type { Publisher } from './publisher.ts'

/** Where ingest is asked to trim the log: JSON {@link TrimRequest} in, {@link TrimAnswer} out. */
export const TRIM_LOG = 'ib.log.trim'
/** Ingest waits for the log to come to rest, and a large purge takes the server a while. */
const TRIMMED_WITHIN_MS = 25_000

interface TrimRequest {
  belowSeq: number
}
type TrimAnswer = { ok: true } | { ok: false; message: string }

/**
 * The one who publishes the log is the one who trims it: a server that is purged while messages come loses count of them (see `purgeAtRest`).
 * @param onRefused the server does not let us be asked; it is asked again by itself
 */
export function serveTrim(bus: Bus, publisher: Pick<Publisher, 'trimLog'>, onRefused?: (error: BusError) => void): Disposable {
  const take = (message: Msg) => void trim(message, publisher).then((answer) => message.respond(JSON.stringify(answer)))
  const listening = listen(bus, TRIM_LOG, take, onRefused)
  return { [Symbol.dispose]: () => listening.close() }
}

async function trim(message: Msg, publisher: Pick<Publisher, 'trimLog'>): Promise<TrimAnswer> {
  try {
    const { belowSeq } = message.json<TrimRequest>()
    if (!Number.isSafeInteger(belowSeq) || belowSeq < 1)
      throw new BusError('IBS_BUS_REQUEST_INVALID', `belowSeq is ${belowSeq}; send a sequence of the log`)
    await publisher.trimLog(belowSeq)
    return { ok: true }
  } catch (error) {
    return { ok: false, message: Error.isError(error) ? error.message : String(error) }
  }
}

/**
 * Has ingest drop from the log all below `belowSeq`.
 * @throws BusError `IBS_BUS_LOG_BUSY` with ingest's words, `IBS_BUS_NO_ANSWER` where none runs: then the log does not grow either; `IBS_BUS_NOT_AUTHORIZED`
 */
export async function askTrim(bus: Bus, belowSeq: number): Promise<void> {
  const request: TrimRequest = { belowSeq }
  const message = await bus.connection
    .request(TRIM_LOG, JSON.stringify(request), { timeout: TRIMMED_WITHIN_MS })
    .catch((cause: unknown) => {
      const why = cause instanceof errors.RequestError ? cause.cause : cause
      if (why instanceof errors.PermissionViolationError) throw notAllowed(`ask on ${TRIM_LOG}`, why)
      throw new BusError(
        'IBS_BUS_NO_ANSWER',
        `ingest, which trims the log, does not answer (${String(cause)}); look whether it runs`,
        {},
        { cause },
      )
    })
  const answer = message.json<TrimAnswer>()
  if (!answer.ok) throw new BusError('IBS_BUS_LOG_BUSY', answer.message)
}
