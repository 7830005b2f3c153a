import { toProblem } from '../api/problem.ts'
import type { KnownCode } from '../api/problem-table.ts'
import type { EndReason } from './events.ts'
import type { Feed } from './feed.ts'
import { eventMessage, type StreamMessage } from './message.ts'
import type { RecordingNews, StreamLeases } from './stream-leases.ts'

/** Where a client's messages go. */
export interface Sink {
  /** Resolves once the client may be given more; throws when it is gone, or when nothing is to be sent any more. */
  send(messages: readonly StreamMessage[]): Promise<void>
  /** Without waiting for the client. */
  post(message: StreamMessage): void
}

export interface DeliverOptions {
  /** Most ticks. @default no limit */
  limit?: number | undefined
  /** The client has left: nothing is said any more. */
  gone: AbortSignal
  /** What else ends the feed, which was opened with all of these, and what the client is told then. */
  ends: Partial<Record<EndReason, AbortSignal>>
  leases: StreamLeases
  onTicks(count: number): void
  /** A failure of our own. */
  onFailure(error: unknown): void
}

/** How a stream ended. */
export interface StreamEnd {
  /** The last event, for the caller to send. */
  message: StreamMessage
  failed?: KnownCode
}

/**
 * Hands a feed to a client at the client's pace, to the end.
 * @returns undefined where the client is gone
 */
export async function deliver(feed: Feed, sink: Sink, options: DeliverOptions): Promise<StreamEnd | undefined> {
  const { limit = Number.POSITIVE_INFINITY, gone, ends, leases, onTicks, onFailure } = options
  const startedMs = performance.now()
  let ticks = 0
  let held: { release(): void } | undefined
  const complete = (reason: EndReason, resume = feed.cursor): StreamEnd => ({
    message: eventMessage('complete', { reason, ticks, seconds: Math.round(performance.now() - startedMs) / 1_000, resume }),
  })
  try {
    for await (const batch of feed.messages) {
      const part = upTo(limit - ticks, batch)
      const count = part.filter(({ name }) => name === 'tick').length
      ticks += count
      onTicks(count)
      await sink.send(part)
      held ??= leases.hold(feed.streams, (news) => sink.post(recordingMessage(news)))
      if (ticks >= limit) return complete('limit_reached', part.at(-1)?.id)
    }
    return complete(feed.end)
  } catch (error) {
    if (gone.aborted) return undefined
    const ended = (Object.entries(ends) as [EndReason, AbortSignal][]).find(([, signal]) => signal.aborted)
    if (ended) return complete(ended[0])
    const { code, detail, field, value, allowed } = toProblem(error)
    if (code === 'IBS_QUERY_INTERNAL') onFailure(error)
    return { message: eventMessage('error', { code, message: detail, field, value, allowed, resume: feed.cursor }), failed: code }
  } finally {
    held?.release()
  }
}

const recordingMessage = ({ cid, tt, state, reason, code }: RecordingNews): StreamMessage =>
  eventMessage('info', { status: state, contract_ids: [cid], tick_types: [tt], reason, code })

/** Messages up to so many ticks. */
function upTo(most: number, messages: readonly StreamMessage[]): readonly StreamMessage[] {
  if (messages.length < most) return messages
  let left = most
  const last = messages.findIndex(({ name }) => name === 'tick' && --left === 0)
  return last < 0 ? messages : messages.slice(0, last + 1)
}
