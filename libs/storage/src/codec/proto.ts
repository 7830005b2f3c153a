import type { TickMessage } from '@ib-stream/model'
import { ColumnBuffer } from './columns.ts'
import { decodeRecordProtoGeneric } from './proto-generic.ts'
import { scanRowProto } from './proto-scan.ts'
import { recordAt } from './split-varint.ts'
import { tickOfRow } from './tick-of-row.ts'

export { encodeTickProto, encodeTicksProto } from './proto-writer.ts'

/**
 * The ticks of the whole records at the start of `bytes`; a record that is cut off at the end stays unconsumed.
 * @throws StorageError `IBS_STORAGE_TICK_INVALID` (field, value, rule), `IBS_STORAGE_RECORD_TOO_LONG` for bytes that are no records
 */
export function decodeTicksProto(bytes: Uint8Array): { ticks: TickMessage[]; consumed: number } {
  const view = viewOf(bytes)
  const ticks: TickMessage[] = []
  let consumed = 0
  for (let record = recordAt(bytes, 0); record.end >= 0; record = recordAt(bytes, consumed)) {
    ticks.push(decodeRecordProto(bytes, view, record.start, record.end))
    consumed = record.end
  }
  return { ticks, consumed }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A tick on its way to an object: one scanner serves columns and objects. */
const ONE = new ColumnBuffer(1)

/** The tick of one record without its length, at bytes[from, to). `view` lies over the same bytes. */
export function decodeRecordProto(bytes: Uint8Array, view: DataView, from: number, to: number): TickMessage {
  ONE.length = 0
  return scanRowProto(bytes, view, from, to, ONE) ? tickOfRow(ONE, 0) : decodeRecordProtoGeneric(bytes.subarray(from, to))
}
