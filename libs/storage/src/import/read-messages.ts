import { joined } from '../codec/record-limit.ts'
import { type Framing, findMessage, framingOf, MAX_MESSAGE_BYTES, messageAt } from './framing.ts'
import type { RecordReader, SourceRecord } from './records.ts'

/** Enough to know a framing by: a damaged stretch at the very beginning is shorter. */
const BEGINNING_BYTES = 256 * 1024

/** What comes after a message says whether it is one. */
const NEXT_HEAD_BYTES = 5

/**
 * Records of a file of messages in any framing, found out by its beginning. After bytes that are no message it looks for the next one that is: a writer that
 * died inside a record left the rest of its hour unreadable to whoever trusts the lengths.
 */
export class MessageRecords implements RecordReader {
  #bytes: Uint8Array = new Uint8Array(0)
  /** Of `#bytes` in the file. */
  #offsetBytes = 0
  #framing: Framing | undefined

  push(chunk: Uint8Array): SourceRecord[] {
    this.#bytes = new Uint8Array(joined(this.#bytes, chunk))
    return this.#bytes.length < BEGINNING_BYTES && this.#framing === undefined ? [] : this.#take('more')
  }

  end(): SourceRecord[] {
    return this.#take('all')
  }

  /** `more`: what ends beyond the bytes at hand may still come. */
  #take(until: 'more' | 'all'): SourceRecord[] {
    const bytes = this.#bytes
    this.#framing ??= framingOf(bytes)
    const records: SourceRecord[] = []
    let at = 0
    while (at < bytes.length) {
      if (this.#framing === undefined) {
        records.push(this.#fault(at, bytes.length, 'no message of any known framing'))
        at = bytes.length
        break
      }
      const bounds = this.#framing.bounds(bytes, at)
      const isBeyond = bounds === 'cut' || (bounds !== undefined && bounds.end > bytes.length)
      if (until === 'more' && (isBeyond || (typeof bounds === 'object' && bounds.end + NEXT_HEAD_BYTES > bytes.length))) break
      const message = messageAt(this.#framing, bytes, at)
      if (message) {
        records.push({ turned: message.turned, offsetBytes: this.#offsetBytes + at, bytes: message.end - at })
        at = message.end
        continue
      }
      if (until === 'more' && bytes.length - at < 2 * MAX_MESSAGE_BYTES) break // the next good one may not be here yet
      const next = findMessage(this.#framing, bytes, at + 1)
      const to = next >= 0 ? next : until === 'all' ? bytes.length : bytes.length - MAX_MESSAGE_BYTES
      records.push(this.#fault(at, to, isBeyond && next < 0 ? 'the file ends inside a message' : 'no message'))
      at = to
    }
    this.#offsetBytes += at
    this.#bytes = bytes.subarray(at)
    return records
  }

  #fault(from: number, to: number, fault: string): SourceRecord {
    return { turned: { fault: `${fault} (${to - from} bytes)`, broken: true }, offsetBytes: this.#offsetBytes + from, bytes: to - from }
  }
}
