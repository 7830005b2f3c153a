import type { StoredMsg } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/nats-core'
import { batchIn, batchOf } from './log-head.ts'

/** One message of the log as a reader gets it. */
export interface LogMessage {
  /** Sequence in the log, which is also its number in ingest's spool. */
  seq: number
  /** As stored: `ticks.<partition>.<cid>.<tick_type>` or `ib.events.<kind>`. */
  subject: string
  /** Lines of JSON, each ended by a newline. Belongs to the receiver. */
  payload: Uint8Array
  batch?: { k: number; n: number }
  /** Of a message that another stream copied: its sequence in the log. */
  sourceSeq?: number
}

export interface Delivery {
  message: LogMessage
  /** Place in the consumer's own count, from 1: a hole means that a delivery was lost on its way. */
  consumerSeq: number
  /** Messages that the consumer has after this one. */
  pending: number
}

// $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>, newer servers with domain and account before the stream
const OLD_TOKENS = 9

/** Reads what the server says of a delivery in its reply subject. */
export function readDelivery(message: Msg): Delivery | undefined {
  const tokens = message.reply?.split('.')
  if (tokens?.[1] !== 'ACK') return undefined
  const at = tokens.length === OLD_TOKENS ? 5 : 7
  const log: LogMessage = { seq: Number(tokens[at]), subject: message.subject, payload: message.data }
  const batch = batchOf(message)
  if (batch) log.batch = batch
  return { message: log, consumerSeq: Number(tokens[at + 1]), pending: Number(tokens[at + 3]) }
}

/** A message that the store was asked for by its sequence. */
export function storedMessage({ seq, subject, data, header }: StoredMsg): LogMessage {
  const [, sourceSeq] = header?.get(SOURCE_HEADER).split(' ') ?? []
  const batch = batchIn(header)
  return { seq, subject, payload: data, ...(batch && { batch }), ...(sourceSeq === undefined ? {} : { sourceSeq: Number(sourceSeq) }) }
}

/** `<stream> <its sequence> …`, set by the server (tried on 2.10.27). */
const SOURCE_HEADER = 'Nats-Stream-Source'
