/** What a capture file is made of, after zstd: this line, then records. */
export const CAPTURE_HEAD = Buffer.from('ib-stream wire capture 1\n')

/** `opened`, `resumed` (the connection goes on from the file before) and `ended` carry JSON; `received` bytes of the socket; `sent` the fields of a request. */
export const CAPTURE_KINDS = ['opened', 'resumed', 'received', 'sent', 'ended'] as const
export type CaptureKind = (typeof CAPTURE_KINDS)[number]

export interface CaptureRecord {
  kind: CaptureKind
  /** When it happened by the clock of ingest, µs UTC. */
  atUs: number
  bytes: Buffer
}

const HEAD_BYTES = 13

/** Kind (1 byte), time (8, big-endian), length (4), bytes. */
export function encodeRecord({ kind, atUs, bytes }: CaptureRecord): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(CAPTURE_KINDS.indexOf(kind), 0)
  head.writeBigUInt64BE(BigInt(Math.round(atUs)), 1)
  head.writeUInt32BE(bytes.length, 9)
  return Buffer.concat([head, bytes])
}

/** Cuts the content of a capture file into records, in whatever chunks it comes. */
export class RecordSplitter {
  #rest: Buffer = Buffer.alloc(0)
  #isBegun = false

  /** Bytes that are no whole record yet. */
  get restBytes(): number {
    return this.#rest.length
  }

  /** @throws Error for a file that is no capture */
  push(chunk: Buffer): CaptureRecord[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#passHead()) return []
    const records: CaptureRecord[] = []
    let at = 0
    while (this.#rest.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + this.#rest.readUInt32BE(at + 9)
      if (end > this.#rest.length) break
      const kind = CAPTURE_KINDS[this.#rest.readUInt8(at)]
      if (kind === undefined) throw new Error('a record of an unknown kind: the file is damaged, or of a newer ib-stream')
      records.push({ kind, atUs: Number(this.#rest.readBigUInt64BE(at + 1)), bytes: this.#rest.subarray(at + HEAD_BYTES, end) })
      at = end
    }
    this.#rest = this.#rest.subarray(at)
    return records
  }

  #passHead(): boolean {
    if (this.#isBegun) return true
    if (this.#rest.length < CAPTURE_HEAD.length) return false
    if (!this.#rest.subarray(0, CAPTURE_HEAD.length).equals(CAPTURE_HEAD)) throw new Error('it is no wire capture of ib-stream')
    this.#rest = this.#rest.subarray(CAPTURE_HEAD.length)
    this.#isBegun = true
    return true
  }
}
