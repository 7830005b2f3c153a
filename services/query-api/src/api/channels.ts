import { CONTRACT_LOOKUP, CONTRACT_RESOLVE } from '@ib-stream/bus'
import { TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { contractAnswerSchema, contractQuerySchema } from '../contracts/contract-schema.ts'
import { STREAM_EVENTS, TICK } from '../stream/events.ts'
import { RECORDER_EVENTS } from '../stream/recorder-events.ts'
import { CLIENT_MESSAGES } from '../ws/client-messages.ts'
import { CLOSE_CODES } from '../ws/close-codes.ts'
import { CONNECTION_MESSAGES } from '../ws/server-messages.ts'
import { WS_PATH } from '../ws/ws-path.ts'
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

/** Subjects of the bus that others may listen to. */
const BUS: readonly Channel[] = [
  {
    id: 'ticks',
    address: 'ticks.{cid}.{tick_type}',
    server: 'bus',
    doc: 'Every tick. A message is one line of JSON or more, each ended by a newline. With the header Ibs-Batch: k/n it is one of n that belong together: hold them until k is n, or until another message comes, and merge the lines by st. Plain subscribers may hear a message again: drop what is not above the last st of its subject.',
    parameters: { cid: 'IB contract id', tick_type: TICK_TYPES.join(', ') },
    sends: { tick: { doc: 'One tick a line.', payload: TICK, contentType: 'application/x-ndjson' } },
  },
  {
    id: 'recorderEvents',
    address: 'ib.events.{kind}',
    server: 'bus',
    doc: 'What happened to the recording, in its place between the ticks of the log.',
    parameters: { kind: Object.keys(RECORDER_EVENTS).join(', ') },
    sends: RECORDER_EVENTS,
  },
  {
    id: 'contractLookup',
    address: CONTRACT_LOOKUP,
    server: 'bus',
    doc: 'Asks ingest, which asks IB, for every contract that fits a description.',
    takes: { contractQuery: { doc: 'Everything that is given must fit; an id or a symbol at least.', payload: contractQuerySchema } },
    sends: { contractAnswer: { doc: 'The contracts, or why there are none.', payload: contractAnswerSchema } },
  },
  {
    id: 'contractName',
    address: CONTRACT_RESOLVE,
    server: 'bus',
    doc: 'Asks which one contract a name means now: AAPL, MNQ.front, FUT MNQ CME 202612.',
    takes: { contractName: { doc: 'The name as plain text.', payload: z.string(), contentType: 'text/plain' } },
    sends: { contractAnswer: { doc: 'That contract, first; around a roll the other one follows.', payload: contractAnswerSchema } },
  },
]

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
  return [...BUS, ...streams, WEB_SOCKET]
}
