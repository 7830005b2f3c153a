import { codeOf, US_PER_SECOND } from '@ib-stream/model'
import protobuf from 'protobufjs/light.js'
import type { Turned } from './turned.ts'
import { partsOfStreamId, tickOfV2, V2_PROTOBUF } from './v2-tick.ts'

const { Field, MapField, Type } = protobuf

const Stamp = new Type('Stamp').add(new Field('seconds', 1, 'int64')).add(new Field('nanos', 2, 'int32'))

const Tick = new Type('Tick')
  .add(new Field('contract_id', 1, 'uint32'))
  .add(new Field('tick_type', 2, 'string'))
  .add(new Field('conditions', 11, 'string', 'repeated'))
  .add(new Field('exchange', 10, 'string'))
  .add(new Field('sequence', 12, 'uint64'))
for (const [index, name] of ['price', 'size', 'bid_price', 'bid_size', 'ask_price', 'ask_size', 'mid_price'].entries()) {
  Tick.add(new Field(name, index + 3, 'double'))
}
for (const [index, name] of ['past_limit', 'unreported', 'bid_past_low', 'ask_past_high'].entries()) {
  Tick.add(new Field(name, index + 13, 'bool'))
}

const Message = new Type('Message')
  .add(new Field('type', 1, 'string'))
  .add(new Field('stream_id', 2, 'string'))
  .add(new Field('timestamp', 3, 'Stamp'))
  .add(new Field('tick', 4, 'Tick'))
  .add(new Field('error', 5, 'bytes'))
  .add(new Field('complete', 6, 'bytes'))
  .add(new Field('info', 7, 'bytes'))
  .add(new MapField('metadata', 8, 'string', 'string'))
new protobuf.Root().add(Stamp).add(Tick).add(Message)

/** The message's type, for tests and benchmarks that write this form. */
export const V2Message: protobuf.Type = Message

interface Read {
  type?: string
  stream_id?: string
  timestamp?: { seconds?: number; nanos?: number }
  tick?: Record<string, unknown> & { conditions?: readonly string[] }
  metadata?: Record<string, string>
}

/** One message of the verbose protobuf form, without its length. It has no `unix_time`: `ts` is the second of its own time. */
export function turnV2Proto(record: Uint8Array): Turned {
  const message = decoded(record)
  if (message?.type === undefined || !/^[a-z_]{1,40}$/.test(message.type))
    return { fault: `${record.length} bytes are no message`, broken: true }
  const { type, stream_id, timestamp, tick, metadata = {} } = message
  if (type !== 'tick') return { other: `message of type ${type}` }
  if (tick === undefined) return { fault: 'a message of type tick without a tick' }
  const { seconds = 0, nanos = 0 } = timestamp ?? {}
  const stream = partsOfStreamId(stream_id)
  return tickOfV2({
    form: V2_PROTOBUF,
    ts: seconds * US_PER_SECOND,
    st: seconds * US_PER_SECOND + Math.floor(nanos / 1_000),
    cids: [tick.contract_id, metadata.contract_id, stream.cid],
    tts: [metadata.tick_type, tick.tick_type, stream.tt],
    requestId: metadata.request_id,
    fields: {
      p: tick.price,
      s: tick.size,
      bp: tick.bid_price,
      bs: tick.bid_size,
      ap: tick.ask_price,
      as: tick.ask_size,
      mp: tick.mid_price,
      ex: tick.exchange,
      sc: tick.conditions?.join(''),
      bpl: tick.bid_past_low,
      aph: tick.ask_past_high,
      upt: tick.unreported,
      pl: tick.past_limit,
    },
  })
}

/** Undefined where the bytes are no message, or have a field that v2 never had. */
function decoded(record: Uint8Array): Read | undefined {
  try {
    const reader = protobuf.Reader.create(record)
    reader.discardUnknown = false
    const message: protobuf.Message & { $unknowns?: readonly unknown[] } = Message.decode(reader)
    if (message.$unknowns !== undefined && message.$unknowns.length > 0) return undefined
    return Message.toObject(message, { longs: Number }) as Read
  } catch (error) {
    if (Error.isError(error) && codeOf(error) === undefined) return undefined // protobufjs throws plain errors, of several kinds
    throw error
  }
}
