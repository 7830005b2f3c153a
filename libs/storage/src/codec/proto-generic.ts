import { FIELDS, type TickMessage } from '@ib-stream/model'
import protobuf from 'protobufjs/light.js'
import { StorageError } from '../errors.ts'
import { validTick } from './json-generic.ts'

const PROTO_TYPE: Record<string, string> = { ts: 'int64', st: 'int64', cid: 'int32', rid: 'int32' }

/** The message of proto/tick_message.proto, made from the table of fields; a test holds the two equal. */
export const TickMessageType: protobuf.Type = FIELDS.reduce(
  (type, { key, number, type: kind }) => type.add(new protobuf.Field(key, number, PROTO_TYPE[key] ?? kind)),
  new protobuf.Type('TickMessage'),
)
new protobuf.Root().add(TickMessageType)

/** Twin of `encodeTickProto`. As in all of proto3, a plain field that is 0 (only `rid` can be) is left out; optional ones are kept. */
export function encodeTickProtoGeneric(tick: TickMessage): Uint8Array {
  const { rid, ...rest } = tick
  const set = Object.entries<unknown>(rest).filter(([, value]) => value !== undefined && value !== false)
  return TickMessageType.encodeDelimited(TickMessageType.create({ ...Object.fromEntries(set), ...(rid === 0 ? {} : { rid }) })).finish()
}

/**
 * Twin of the decoder of one record, without its length, and its answer wherever that is unsure.
 * @throws StorageError `IBS_STORAGE_TICK_INVALID`
 */
export function decodeRecordProtoGeneric(record: Uint8Array): TickMessage {
  let message: protobuf.Message & { $unknowns?: readonly unknown[] }
  try {
    const reader = protobuf.Reader.create(record)
    reader.discardUnknown = false // protobufjs drops what it does not know unless told to keep it
    message = TickMessageType.decode(reader)
  } catch (cause) {
    throw new StorageError(
      'IBS_STORAGE_TICK_INVALID',
      `${record.length} bytes are no message; see proto/tick_message.proto`,
      { field: '-', value: record.length, rule: 'one TickMessage' },
      { cause },
    )
  }
  if (message.$unknowns !== undefined && message.$unknowns.length > 0) {
    throw new StorageError(
      'IBS_STORAGE_TICK_INVALID',
      'the message has a field that v3 does not know; read it with the version that wrote it',
      { field: '-', value: message.$unknowns.length, rule: 'no such field in v3' },
    )
  }
  return validTick({ rid: 0, ...TickMessageType.toObject(message, { longs: Number }) })
}
