import { type OpsEvent, opsSubject } from '@ib-stream/model'
import { type Bus, pause, unlessAborted } from './connection.ts'

const RETRY_EVERY_MS = 1_000

/**
 * Puts what a service has to say into the stream EVENTS; resolves when it is stored, waits for the bus as long as it takes.
 * @param options.id the same thing said twice within the stream's window, by whomever, is stored once
 * @throws `signal.reason` when aborted before
 */
export async function publishOps(bus: Bus, event: OpsEvent, options: { id: string; signal: AbortSignal }): Promise<void> {
  const { id, signal } = options
  for (;;) {
    signal.throwIfAborted()
    try {
      await unlessAborted(bus.jetstream.publish(opsSubject(event.kind), `${JSON.stringify(event)}\n`, { msgID: id }), signal)
      return
    } catch {
      await pause(RETRY_EVERY_MS, signal) // bounded by the rate and the signal; the bus part of /health says that it is away
    }
  }
}
