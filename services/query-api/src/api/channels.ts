import type { ConnectionEvent, GapEvent, GapOpenedEvent, LostEvent, SubscriptionEvent } from '@ib-stream/model'
import { GAP_CAUSES, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { STREAM_EVENTS, TICK } from '../stream/events.ts'
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
  server: 'bus' | 'api'
  doc: string
  /** What `{name}` in the address stands for. */
  parameters?: Readonly<Record<string, string>>
  /** What ib-stream sends there, by name. */
  sends?: Readonly<Record<string, ChannelMessage>>
  /** What ib-stream takes there, by name; with `sends`, those are the replies. */
  takes?: Readonly<Record<string, ChannelMessage>>
}

const us = z.int().describe('µs since 1970-01-01 UTC')
const base = { st: us, epoch: z.int().describe('Number of the gateway connection since ingest started, from 1; 0 before the first') }
const stream = { cid: z.int(), tt: z.enum(TICK_TYPES) }
const gap = { ...base, ...stream, fromUs: us, cause: z.enum(GAP_CAUSES), code: z.int().exactOptional(), reason: z.string() }

/** Recorder events, by kind. */
export const RECORDER_EVENTS = {
  connection: z.object({
    kind: z.literal('connection'),
    ...base,
    state: z.enum(['connected', 'disconnected']),
    host: z.string(),
    port: z.int(),
    reason: z.string(),
    code: z.int().exactOptional(),
  }) satisfies z.ZodType<ConnectionEvent>,
  subscription: z.object({
    kind: z.literal('subscription'),
    ...base,
    ...stream,
    rid: z.int(),
    state: z.enum(['subscribed', 'refused', 'ended']),
    code: z.int().exactOptional(),
    reason: z.string().exactOptional(),
  }) satisfies z.ZodType<SubscriptionEvent>,
  gap_opened: z.object({ kind: z.literal('gap_opened'), ...gap }) satisfies z.ZodType<GapOpenedEvent>,
  gap: z.object({ kind: z.literal('gap'), ...gap, toUs: us }) satisfies z.ZodType<GapEvent>,
  lost: z.object({ kind: z.literal('lost'), ...base, seq: z.int() }) satisfies z.ZodType<LostEvent>,
} as const

const KIND_DOCS: Readonly<Record<keyof typeof RECORDER_EVENTS, string>> = {
  connection: 'The connection to the gateway stands, or is lost.',
  subscription: 'IB sends a stream, refuses it, or it was ended.',
  gap_opened: 'From here ticks of a stream may be missing.',
  gap: 'Ticks of a stream may be missing between two moments; it is over.',
  lost: 'Stands for a message of the log that nothing could give back.',
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
    sends: Object.fromEntries(
      Object.entries(RECORDER_EVENTS).map(([kind, payload]) => [kind, { doc: KIND_DOCS[kind as keyof typeof RECORDER_EVENTS], payload }]),
    ),
  },
]

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
  return [...BUS, ...streams]
}
