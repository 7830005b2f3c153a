import type { LiveTick } from '@ib-stream/tape'
import type { StreamEventData, StreamEventName } from './events.ts'

/** One event of a stream, ready for whatever carries it. */
export interface StreamMessage {
  name: StreamEventName
  /** Where to go on after it; absent where it marks no place. */
  id?: string
  /** Its data as JSON, in one line. */
  json: string
}

/** The tick as ingest wrote it; `id` is where to go on. */
export const tickMessage = ({ line, cursor }: Pick<LiveTick, 'line' | 'cursor'>): StreamMessage => ({
  name: 'tick',
  id: cursor,
  json: line,
})

/** Any other event. */
export function eventMessage<Name extends Exclude<StreamEventName, 'tick'>>(
  name: Name,
  data: StreamEventData<Name>,
  id?: string,
): StreamMessage {
  return { name, ...(id === undefined ? {} : { id }), json: JSON.stringify(data) }
}
