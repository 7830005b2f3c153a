import { joined, MAX_RECORD_BYTES, tooLong } from './record-limit.ts'

/**
 * How many bytes at the start are whole lines with their newlines.
 * @throws StorageError `IBS_STORAGE_RECORD_TOO_LONG` where more than {@link MAX_RECORD_BYTES} follow the last newline
 */
export function wholeLines(bytes: Uint8Array): number {
  const whole = bytes.lastIndexOf(10) + 1
  if (bytes.length - whole > MAX_RECORD_BYTES) throw tooLong(bytes.length - whole)
  return whole
}

/**
 * Cuts a stream of chunks at the last newline: what comes out is whole lines, what is left waits for the next chunk.
 * At the end `tornBytes` says how many bytes never got their newline.
 */
export class LineSplitter {
  #rest: Uint8Array = new Uint8Array(0)

  /** Bytes after the last newline so far. */
  get tornBytes(): number {
    return this.#rest.length
  }

  /**
   * Whole lines with their newlines, maybe none. The bytes may lie in `chunk`: use them before the chunk is written to again.
   * @throws StorageError `IBS_STORAGE_RECORD_TOO_LONG` where a line does not end within {@link MAX_RECORD_BYTES}
   */
  push(chunk: Uint8Array): Uint8Array {
    const bytes = joined(this.#rest, chunk)
    const whole = wholeLines(bytes)
    this.#rest = new Uint8Array(bytes.subarray(whole)) // copied: the chunk is written to again
    return bytes.subarray(0, whole)
  }
}
