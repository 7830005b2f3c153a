/** Payload of one message: its fields, each ended by NUL, the last too. */
export type Field = string | number

const LENGTH_BYTES = 4
/** No request of a client comes near it; a bogus length must not make the simulator wait for 2 GiB. */
const MAX_REQUEST_BYTES = 1024 * 1024
const FIRST_BATCH_BYTES = 1024
const MAX_UTF8_BYTES_PER_CHAR = 3

/** Length prefix and payload of one message. */
export function encodeFrame(fields: readonly Field[]): Buffer {
  const batch = new FrameBatch()
  batch.append(`${fields.join('\0')}\0`)
  return batch.take()
}

/** The fields of a payload; what a sloppy client leaves without its last NUL counts as a field. */
export function fieldsOf(payload: Buffer): string[] {
  const fields = payload.toString('utf8').split('\0')
  if (fields.at(-1) === '') fields.pop()
  return fields
}

/** Frames that leave in one write. Buffers that were taken belong to the taker. */
export class FrameBatch {
  #buffer = Buffer.allocUnsafe(FIRST_BATCH_BYTES)
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** @param payload fields already joined, each with its NUL */
  append(payload: string): void {
    const start = this.#bytes
    this.#reserve(start + LENGTH_BYTES + payload.length * MAX_UTF8_BYTES_PER_CHAR)
    const written = this.#buffer.write(payload, start + LENGTH_BYTES, 'utf8')
    this.#buffer.writeUInt32BE(written, start)
    this.#bytes = start + LENGTH_BYTES + written
  }

  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#bytes)
    this.#buffer = Buffer.allocUnsafe(Math.max(FIRST_BATCH_BYTES, this.#bytes))
    this.#bytes = 0
    return taken
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(bytes, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#bytes)
    this.#buffer = larger
  }
}

/** What a client sent is not TWS protocol; the connection cannot go on. */
export class WireError extends Error {}

/** Cuts a byte stream into payloads, wherever TCP cut it: first the fixed prefix ("API\0"), then length-prefixed frames. */
export class FrameSplitter {
  #pending: Buffer = Buffer.alloc(0)
  #prefix: Buffer

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix, 'latin1')
  }

  /**
   * @returns payloads that became complete; they are views of the given chunk
   * @throws WireError for another prefix or a frame above 1 MiB
   */
  push(chunk: Buffer): Buffer[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    if (!this.#passPrefix()) return []
    const payloads: Buffer[] = []
    let at = 0
    while (this.#pending.length - at >= LENGTH_BYTES) {
      const bytes = this.#pending.readUInt32BE(at)
      if (bytes > MAX_REQUEST_BYTES) throw new WireError(`a frame of ${bytes} bytes was announced; at most ${MAX_REQUEST_BYTES} are taken`)
      const end = at + LENGTH_BYTES + bytes
      if (end > this.#pending.length) break
      payloads.push(this.#pending.subarray(at + LENGTH_BYTES, end))
      at = end
    }
    this.#pending = this.#pending.subarray(at)
    return payloads
  }

  #passPrefix(): boolean {
    const seen = Math.min(this.#prefix.length, this.#pending.length)
    if (!this.#pending.subarray(0, seen).equals(this.#prefix.subarray(0, seen))) {
      throw new WireError('the connection did not begin with API\\0; only the v100+ protocol is spoken')
    }
    if (seen < this.#prefix.length) return false
    this.#pending = this.#pending.subarray(seen)
    this.#prefix = Buffer.alloc(0)
    return true
  }
}
