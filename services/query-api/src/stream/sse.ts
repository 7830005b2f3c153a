import type { LiveTick } from '@ib-stream/tape'
import type { StreamEventData, StreamEventName } from './events.ts'

/** Each event ends with a blank line: without it clients never dispatch it. */
const END = '\n\n'

/** How long a client waits before it connects again. */
export const RETRY = `retry: 1000${END}`
export const KEEP_ALIVE = `: keep-alive${END}`

/** Headers of a stream; `requestId` because what is written raw passes none of the server's own. */
export const streamHeaders = (requestId: string) => ({
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  'x-request-id': requestId,
  // the stream ends only with the connection, and a stopping server waits for connections
  connection: 'close',
})

/** The tick as ingest wrote it; `id` is where to go on. */
export const tickEvent = ({ line, cursor }: LiveTick): string => `event: tick\nid: ${cursor}\ndata: ${line}${END}`

/** Any other event. */
export function streamEvent<Name extends Exclude<StreamEventName, 'tick'>>(name: Name, data: StreamEventData<Name>): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}${END}`
}
