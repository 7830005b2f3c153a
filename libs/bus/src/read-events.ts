import { DeliverPolicy } from '@nats-io/jetstream'
import { type Bus, unlessAborted } from './connection.ts'
import { EVENTS } from './stream-configs.ts'

const MESSAGES_AT_ONCE = 1_000
/** One wait for messages that are there. */
const FETCH_WITHIN_MS = 5_000

/**
 * What the stream EVENTS holds now of some subjects (`ib.events.gap`), oldest first; it gets what is in the log a moment later.
 * @throws the client's errors where the server cannot be asked; `signal.reason`
 */
export async function* readStoredEvents(bus: Bus, subjects: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  const consumers = bus.jetstream.consumers
  const ordered = { filter_subjects: [...subjects], deliver_policy: DeliverPolicy.All }
  const consumer = await unlessAborted(consumers.get(EVENTS, ordered), signal)
  for (let left = (await unlessAborted(consumer.info(), signal)).num_pending; left > 0; ) {
    const messages = await consumer.fetch({ max_messages: Math.min(left, MESSAGES_AT_ONCE), expires: FETCH_WITHIN_MS })
    const before = left
    for await (const message of messages) {
      signal.throwIfAborted()
      left -= 1
      yield message.string()
    }
    if (left === before) throw new Error(`stream ${EVENTS} holds ${left} more events and did not give them within ${FETCH_WITHIN_MS} ms`)
  }
}
