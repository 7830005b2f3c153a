import type { Msg } from '@nats-io/nats-core'
import { askIngest } from './ask-ingest.ts'
import type { Bus } from './connection.ts'
import { BusError, type BusErrorCode } from './errors.ts'
import { listen } from './listen.ts'
import type { Publisher } from './publisher.ts'

/** Where ingest is asked to trim the log: JSON {@link TrimRequest} in, {@link TrimAnswer} out. */
export const TRIM_LOG = 'ib.log.trim'
/** Ingest waits for the log to come to rest, and a large purge takes the server a while. */
const TRIMMED_WITHIN_MS = 25_000

interface TrimRequest {
  belowSeq: number
}
type TrimAnswer = { ok: true } | { ok: false; code: BusErrorCode; message: string }

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
    if (error instanceof BusError) return { ok: false, code: error.code, message: error.words }
    return { ok: false, code: 'IBS_BUS_LOG_BUSY', message: Error.isError(error) ? error.message : String(error) }
  }
}

/**
 * Has ingest drop from the log all below `belowSeq`.
 * @throws BusError as ingest refuses: `IBS_BUS_LOG_BUSY`, `IBS_BUS_REQUEST_INVALID`; `IBS_BUS_NO_ANSWER` where none runs: then the log does not grow either; `IBS_BUS_NOT_AUTHORIZED`
 */
export async function askTrim(bus: Bus, belowSeq: number): Promise<void> {
  const request: TrimRequest = { belowSeq }
  const answer = await askIngest<TrimAnswer>(bus, TRIM_LOG, JSON.stringify(request), TRIMMED_WITHIN_MS)
  if (!answer.ok) throw new BusError(answer.code, answer.message)
}
