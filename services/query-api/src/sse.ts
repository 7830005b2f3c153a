import type { LiveTick } from '@ib-stream/tape'

/** Each event ends with a blank line: without it clients never dispatch it. */
const END = '\n\n'

/** How long a client waits before it connects again. */
export const RETRY = `retry: 1000${END}`
export const KEEP_ALIVE = `: keep-alive${END}`

export const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  // the stream ends only with the connection, and a stopping server waits for connections
  connection: 'close',
} as const

/** The tick as ingest wrote it; `id` is where to go on. */
export const tickEvent = ({ line, cursor }: LiveTick): string => `event: tick\nid: ${cursor}\ndata: ${line}${END}`

export const infoEvent = (data: object): string => `event: info\ndata: ${JSON.stringify(data)}${END}`

export const errorEvent = (data: object): string => `event: error\ndata: ${JSON.stringify(data)}${END}`
