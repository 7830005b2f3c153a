import type { TickType } from '@ib-stream/model'
import type { LiveCursor, LiveHub } from '@ib-stream/tape'
import type { EndReason } from './events.ts'
import { eventMessage, type StreamMessage, tickMessage } from './message.ts'

/** What a subscription gives, from its first event to its last tick, whatever carries it. */
export interface Feed {
  /** Batches are never empty. Throws what ends it against its will. */
  messages: AsyncIterable<readonly StreamMessage[]>
  /** Where to go on after what was given so far; undefined where nobody can go on. */
  readonly cursor: string | undefined
  /** What it means when it ends by itself. */
  readonly end: EndReason
  /** What has to be recorded while it lasts; known from the first event on. */
  readonly streams: readonly Recorded[]
}

export interface Recorded {
  cid: number
  tt: TickType
}

/** What a feed gives after its first event. */
export interface Given extends Pick<Feed, 'messages' | 'cursor'> {}

/**
 * A feed that begins by saying what is subscribed, and ends when the server does.
 * @param from where a client goes on that hears this event and nothing after it; undefined where it asks anew
 */
export function subscribed({ cids, tts }: { cids: readonly number[]; tts: readonly TickType[] }, given: Given, from?: string): Feed {
  const messages = async function* () {
    yield [eventMessage('info', { status: 'subscribed', contract_ids: [...cids], tick_types: [...tts] }, from)]
    yield* given.messages
  }
  return {
    messages: messages(),
    end: 'server_shutdown',
    streams: cids.flatMap((cid) => tts.map((tt) => ({ cid, tt }))),
    get cursor() {
      return given.cursor
    },
  }
}

export interface LiveFeedOptions {
  cids: readonly number[]
  tts: readonly TickType[]
  after: LiveCursor | undefined
  signal: AbortSignal
}

/**
 * Live ticks from now on, or after a cursor. The first event already says where it begins, so a client that loses its connection before the first tick misses nothing.
 * @throws TapeError as `LiveHub.subscribe`
 */
export async function openLiveFeed(hub: LiveHub, { cids, tts, after, signal }: LiveFeedOptions): Promise<Feed> {
  const ticks = await hub.subscribe({ cids, tts, ...(after ? { after } : {}), signal })
  const messages = async function* () {
    for await (const batch of ticks) yield batch.map(tickMessage)
  }
  const given: Given = {
    messages: messages(),
    get cursor() {
      return ticks.cursor
    },
  }
  return subscribed({ cids, tts }, given, ticks.cursor)
}

/** A feed that is opened when its first event is asked for; what opening throws ends it as what the feed itself throws. */
export function openLater(open: () => Promise<Feed>): Feed {
  let feed: Feed | undefined
  const messages = async function* () {
    feed = await open()
    yield* feed.messages
  }
  return {
    messages: messages(),
    get cursor() {
      return feed?.cursor
    },
    get end() {
      return feed?.end ?? 'end_of_data'
    },
    get streams() {
      return feed?.streams ?? []
    },
  }
}
