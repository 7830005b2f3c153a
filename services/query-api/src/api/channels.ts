import { z } from 'zod'
import { STREAM_EVENTS } from '../stream/events.ts'
import { CLIENT_MESSAGES } from '../ws/client-messages.ts'
import { CLOSE_CODES } from '../ws/close-codes.ts'
import { CONNECTION_MESSAGES } from '../ws/server-messages.ts'
import { WS_PATH } from '../ws/ws-path.ts'
import { BUS_CHANNELS } from './bus-channels.ts'
import type { Route } from './route.ts'

/** One message of a channel. */
export interface ChannelMessage {
  doc: string
  payload: z.ZodType
  /** @default 'application/json' */
  contentType?: string
}

/** Where messages pass that are no answers to requests: a subject of the bus, a stream, a socket. */
export interface Channel {
  id: string
  address: string
  server: 'bus' | 'api' | 'webSocket'
  doc: string
  /** What `{name}` in the address stands for. */
  parameters?: Readonly<Record<string, string>>
  /** What ib-stream sends there, by name. */
  sends?: Readonly<Record<string, ChannelMessage>>
  /** What ib-stream takes there, by name; with `sends`, those are the replies. */
  takes?: Readonly<Record<string, ChannelMessage>>
}

const to = z.string().optional().describe('The id of your message that this belongs to: for all of a subscription, its name')

/** The WebSocket: events have the names, ids and data that they have on SSE. */
const WEB_SOCKET: Channel = {
  id: 'webSocket',
  address: WS_PATH,
  server: 'webSocket',
  doc: `Any number of subscriptions on one connection; you name them. Close codes: ${Object.values(CLOSE_CODES)
    .map(({ code, doc }) => `${code}: ${doc}`)
    .join(' ')}`,
  takes: Object.fromEntries(Object.entries(CLIENT_MESSAGES).map(([name, { doc, schema }]) => [name, { doc, payload: schema }])),
  sends: Object.fromEntries(
    Object.entries({ ...CONNECTION_MESSAGES, ...STREAM_EVENTS }).map(([name, { doc, data }]) => [
      name,
      { doc, payload: z.object({ type: z.literal(name), to, id: z.string().optional().describe('Where to go on after it'), data }) },
    ]),
  ),
}

/** Every channel: the bus, and each route that answers with a stream of events. */
export function channelsOf(routes: readonly Route[]): Channel[] {
  const streams = routes.flatMap(({ id, path, summary, pathParameters = {}, events = [] }): Channel[] =>
    events.length === 0
      ? []
      : [
          {
            id,
            address: path,
            server: 'api',
            doc: `${summary}. Its parameters are in /openapi.json.`,
            parameters: Object.fromEntries(Object.entries(pathParameters).map(([name, { doc }]) => [name, doc])),
            sends: Object.fromEntries(events.map((name) => [name, { doc: STREAM_EVENTS[name].doc, payload: STREAM_EVENTS[name].data }])),
          },
        ],
  )
  return [...BUS_CHANNELS, ...streams, WEB_SOCKET]
}
