import type { ExportFormat } from './target-form.ts'

/** Counts the ticks of a stream of bytes, cut anywhere, without reading what they say. */
export interface TickCounter {
  /** So far; a tick counts when its last byte is there. Undefined where only the end of the file says it. */
  readonly ticks: number | undefined
  push(bytes: Uint8Array): void
}

export function tickCounter(format: ExportFormat): TickCounter {
  switch (format) {
    case 'ndjson':
      return new LineCounter(0)
    case 'csv':
      return new LineCounter(1) // the names
    case 'json':
      return new LineCounter(2) // head and end of the object
    case 'protobuf':
      return new VarintCounter()
    case 'arrow':
      return new ArrowCounter()
    case 'parquet':
      return { ticks: undefined, push: () => undefined }
  }
}

const NEWLINE = 10

/** A tick a line, but for some lines. */
class LineCounter implements TickCounter {
  #lines: number

  constructor(otherLines: number) {
    this.#lines = -otherLines
  }

  get ticks(): number {
    return Math.max(0, this.#lines)
  }

  push(bytes: Uint8Array): void {
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) this.#lines += 1
  }
}

/** Messages behind their length, a varint. */
class VarintCounter implements TickCounter {
  ticks = 0
  #length = 0
  #shift = 0
  /** Bytes of the message that are still to come. */
  #left = 0

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, bytes.length - at)
        at += taken
        this.#left -= taken
        if (this.#left === 0) this.ticks += 1
        continue
      }
      const byte = bytes[at++] ?? 0
      this.#length |= (byte & 0x7f) << this.#shift
      this.#shift += 7
      if (byte >= 0x80) continue
      this.#left = this.#length
      this.#length = 0
      this.#shift = 0
    }
  }
}

/** Four bytes of ones and four of length stand before the metadata of each message of an Arrow stream (format 1.0, "Encapsulated message format"). */
const PREFIX_BYTES = 8
const RECORD_BATCH = 3

/** Rows of the record batches of an Arrow stream: of each message only its metadata is read, a flatbuffer. */
class ArrowCounter implements TickCounter {
  ticks = 0
  #held: Uint8Array = new Uint8Array(0)
  #skip = 0
  #rows = 0

  push(bytes: Uint8Array): void {
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    for (;;) {
      const skipped = Math.min(this.#skip, rest.length)
      this.#skip -= skipped
      rest = rest.subarray(skipped)
      if (this.#skip > 0) break
      this.ticks += this.#rows
      this.#rows = 0
      if (rest.length < PREFIX_BYTES) break
      const view = new DataView(rest.buffer, rest.byteOffset, rest.length)
      const metaBytes = view.getInt32(4, true)
      if (metaBytes === 0) break // the end of the stream
      if (rest.length < PREFIX_BYTES + metaBytes) break
      const { rows, bodyBytes } = messageOf(new DataView(rest.buffer, rest.byteOffset + PREFIX_BYTES, metaBytes))
      this.#rows = rows
      this.#skip = PREFIX_BYTES + metaBytes + bodyBytes
    }
    this.#held = Buffer.from(rest)
  }
}

/** Message.fbs: version, header_type, header, bodyLength; RecordBatch: length. A field that stands at 0 in its vtable has its default. */
function messageOf(view: DataView): { rows: number; bodyBytes: number } {
  const root = view.getUint32(0, true)
  const fieldAt = (table: number, field: number): number => {
    const vtable = table - view.getInt32(table, true)
    const slot = 4 + 2 * field
    const offset = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0
    return offset === 0 ? 0 : table + offset
  }
  const longAt = (at: number): number => (at === 0 ? 0 : Number(view.getBigInt64(at, true)))
  const [type, header] = [fieldAt(root, 1), fieldAt(root, 2)]
  const isBatch = type !== 0 && view.getUint8(type) === RECORD_BATCH
  const batch = header === 0 ? 0 : header + view.getUint32(header, true)
  return { rows: isBatch && batch !== 0 ? longAt(fieldAt(batch, 0)) : 0, bodyBytes: longAt(fieldAt(root, 3)) }
}
