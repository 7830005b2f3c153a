import { crc32 } from 'node:zlib'

/** One message of the log as it stands in the spool; `n` is its number and its sequence in the log, for ever. */
export interface SpoolRecord {
  n: number
  subject: string
  payload: Uint8Array
  /** Place in a batch of messages that were cut together; absent for a single one. */
  batch?: { k: number; n: number }
}

// length of the body u32 · crc32 of the body u32 · body: n f64 · bytes before it in its write u32 · batch k u16 · batch n u16 · length of the subject u16 · subject · payload
const HEAD_BYTES = 8
const FIXED_BODY_BYTES = 18

/** The bytes of one write: what is made durable together. */
export function encodeWrite(records: readonly SpoolRecord[]): Buffer {
  const subjectBytes = records.map(({ subject }) => Buffer.byteLength(subject))
  const sizes = records.map(({ payload }, i) => HEAD_BYTES + FIXED_BODY_BYTES + (subjectBytes[i] ?? 0) + payload.length)
  const out = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0))
  let offset = 0
  for (const [i, record] of records.entries()) {
    encodeRecord(record, out, offset, subjectBytes[i] ?? 0)
    offset += sizes[i] ?? 0
  }
  return out
}

function encodeRecord({ n, subject, payload, batch }: SpoolRecord, out: Buffer, offset: number, subjectBytes: number): void {
  const bodyBytes = FIXED_BODY_BYTES + subjectBytes + payload.length
  out.writeUInt32LE(bodyBytes, offset)
  out.writeDoubleLE(n, offset + 8)
  out.writeUInt32LE(offset, offset + 16) // what lies before it in this write
  out.writeUInt16LE(batch?.k ?? 0, offset + 20)
  out.writeUInt16LE(batch?.n ?? 0, offset + 22)
  out.writeUInt16LE(subjectBytes, offset + 24)
  out.write(subject, offset + 26)
  out.set(payload, offset + 26 + subjectBytes)
  out.writeUInt32LE(crc32(out.subarray(offset + HEAD_BYTES, offset + HEAD_BYTES + bodyBytes)), offset + 4)
}

export type Decoded =
  | {
      kind: 'record'
      record: SpoolRecord
      bytes: number
      /** Bytes between the beginning of its write and itself: all that lies further back was durable when it was written. */
      bytesBefore: number
    }
  | { kind: 'end' }
  | { kind: 'torn' }

const END: Decoded = { kind: 'end' }
const TORN: Decoded = { kind: 'torn' }

/** Reads the record at `offset`. `end`: the zeros of a preallocated segment follow; `torn`: bytes that are no whole record. */
export function decodeRecord(bytes: Buffer, offset: number): Decoded {
  if (offset + HEAD_BYTES > bytes.length) return END
  const bodyBytes = bytes.readUInt32LE(offset)
  if (bodyBytes === 0) return END
  const end = offset + HEAD_BYTES + bodyBytes
  if (bodyBytes < FIXED_BODY_BYTES || end > bytes.length) return TORN
  const body = bytes.subarray(offset + HEAD_BYTES, end)
  const n = body.readDoubleLE(0)
  if (!Number.isSafeInteger(n) || n < 1 || crc32(body) !== bytes.readUInt32LE(offset + 4)) return TORN
  const subjectEnd = FIXED_BODY_BYTES + body.readUInt16LE(16)
  const batchOf = body.readUInt16LE(14)
  const record: SpoolRecord = { n, subject: body.toString('utf8', FIXED_BODY_BYTES, subjectEnd), payload: body.subarray(subjectEnd) }
  if (batchOf > 0) record.batch = { k: body.readUInt16LE(12), n: batchOf }
  return { kind: 'record', record, bytes: HEAD_BYTES + bodyBytes, bytesBefore: body.readUInt32LE(8) }
}
