import { isoFromUs, type RecorderEventKind, type TickType } from '@ib-stream/model'
import { type Cursor, openTape, type TapeItem } from '@ib-stream/tape'
import type { RouteDeps } from '../api/route.ts'
import type { TOLD_KINDS } from './events.ts'
import { type Feed, type Given, subscribed } from './feed.ts'
import { hubOf } from './live-source.ts'
import { eventMessage, type StreamMessage, tickMessage } from './message.ts'

export interface TapeFeedOptions {
  cids: readonly number[]
  tts: readonly TickType[]
  /** First `ts` of the history, µs UTC. */
  startUs: number
  after: Cursor | undefined
  /** What is told of the recording. */
  kinds: readonly RecorderEventKind[]
  signal: AbortSignal
}

/**
 * History from a moment on, then live. Its first ticks are read before it is given, so what cannot be had at all is thrown here.
 * @throws QueryError `IBS_QUERY_LIVE_UNAVAILABLE`; TapeError, StorageError as `openTape`
 */
export async function openTapeFeed(deps: RouteDeps, options: TapeFeedOptions): Promise<Feed> {
  return subscribed(options, await openTapeMessages(deps, options))
}

/** As {@link openTapeFeed}, for a stream that has begun. */
export async function openTapeMessages(deps: RouteDeps, options: TapeFeedOptions): Promise<Given> {
  const hub = hubOf(deps.live)
  const { bus } = deps.live
  if (!bus) throw new TypeError('a hub without a bus')
  const { dataDir, backends, nowUs } = deps
  const tape = openTape({ dataDir, backends, bus, hub, nowUs, ...options })
  const batches = tape[Symbol.asyncIterator]()
  const first = await batches.next()
  const messages = async function* () {
    try {
      for (let next = first; !next.done; next = await batches.next()) yield next.value.map(messageOf)
    } finally {
      await batches.return?.()
    }
  }
  return {
    messages: messages(),
    get cursor() {
      return tape.cursor
    },
  }
}

function messageOf(item: TapeItem): StreamMessage {
  switch (item.kind) {
    case 'tick':
      return tickMessage(item)
    case 'live':
      return eventMessage('live', {}, item.cursor)
    case 'incomplete':
      return eventMessage('resume_incomplete', { from: isoFromUs(item.fromUs), to: isoFromUs(item.toUs) })
    case 'event': {
      const { event, cursor } = item
      return {
        name: event.kind as (typeof TOLD_KINDS)[number],
        ...(cursor === undefined ? {} : { id: cursor }),
        json: JSON.stringify(event),
      }
    }
  }
}
