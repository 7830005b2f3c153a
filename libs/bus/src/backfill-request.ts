import { BACKFILL_REPLY_EVERY_MS, type BackfillReply, type BackfillRequest } from '@ib-stream/model'
import { createInbox } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'
import { BACKFILL } from './ingest-requests.ts'

/** Three replies that do not come: ingest is gone. */
const SILENT_AFTER_MS = 3 * BACKFILL_REPLY_EVERY_MS

/**
 * Asks ingest to fill a range from IB's history, and hears how it goes until it is at its end. Ends after the reply `end`, or after one that is not `ok`; a silent ingest is
 * such a reply. Who stops listening does not stop the filling.
 * @throws `signal.reason`
 */
export async function* requestBackfill(bus: Bus, request: BackfillRequest, signal: AbortSignal): AsyncGenerator<BackfillReply> {
  const inbox = createInbox(bus.repliesPrefix)
  const replies = bus.connection.subscribe(inbox)
  const stop = () => replies.unsubscribe()
  const watchdog = setTimeout(stop, SILENT_AFTER_MS)
  signal.addEventListener('abort', stop, { once: true })
  try {
    bus.connection.publish(BACKFILL, JSON.stringify(request), { reply: inbox })
    for await (const message of replies) {
      if (message.headers?.code === NO_RESPONDERS) break
      watchdog.refresh()
      const reply = message.json<BackfillReply>()
      yield reply
      if (!reply.ok || reply.state === 'end') return
    }
    signal.throwIfAborted()
    yield {
      ok: false,
      code: 'IBS_BUS_NO_ANSWER',
      message: 'ingest does not answer; look whether it runs, then ask again: what is filled stays',
    }
  } finally {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', stop)
    stop()
  }
}

const NO_RESPONDERS = 503
