import { joined, MAX_RECORD_BYTES, tooLong } from './record-limit.ts'

/** Where one record lies, without its length; `end` is −1 where the bytes end before it does. */
export interface RecordBounds {
  start: number
  end: number
}

/**
 * Bounds of the record whose length begins at `from`. The object is used again by the next call.
 * @throws StorageError `IBS_STORAGE_RECORD_TOO_LONG`
 */
export function recordAt(bytes: Uint8Array, from: number): Readonly<RecordBounds> {
  let length = 0
  for (let i = from, shift = 0; i < bytes.length; i++, shift += 7) {
    const byte = bytes[i] ?? 0
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      if (length > MAX_RECORD_BYTES) throw tooLong(length)
      bounds.start = i + 1
      bounds.end = bounds.start + length <= bytes.length ? bounds.start + length : -1
      return bounds
    }
    if (shift === 21) throw tooLong(length) // a fifth byte: above 2^28
  }
  bounds.start = bytes.length
  bounds.end = -1
  return bounds
}

const bounds: RecordBounds = { start: 0, end: 0 }

/**
 * How many bytes at the start are whole records with their lengths.
 * @throws StorageError `IBS_STORAGE_RECORD_TOO_LONG` where a length is no length
 */
export function wholeRecords(bytes: Uint8Array): number {
  let whole = 0
  for (let record = recordAt(bytes, 0); record.end >= 0; record = recordAt(bytes, whole)) whole = record.end
  return whole
}

/** As `LineSplitter`, for records that stand behind their length. */
export class VarintSplitter {
  #rest: Uint8Array = new Uint8Array(0)

  /** Bytes after the last whole record so far. */
  get tornBytes(): number {
    return this.#rest.length
  }

  /**
   * Whole records with their lengths, maybe none. The bytes may lie in `chunk`: use them before the chunk is written to again.
   * @throws StorageError `IBS_STORAGE_RECORD_TOO_LONG` where a length is no length
   */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = joined(this.#rest, chunk)
    const whole = wholeRecords(bytes)
    this.#rest = new Uint8Array(bytes.subarray(whole)) // copied: the chunk is written to again
    return bytes.subarray(0, whole)
  }
}
