import { joined, MAX_RECORD_BYTES, tooLong } from './record-limit.ts'

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
    // copies by constructor: on a Buffer, slice() would be a view of a chunk that is written to again
    const lastNewline = chunk.lastIndexOf(10)
    const block = lastNewline < 0 ? new Uint8Array(0) : joined(this.#rest, chunk.subarray(0, lastNewline + 1))
    this.#rest = lastNewline < 0 ? joined(this.#rest, new Uint8Array(chunk)) : new Uint8Array(chunk.subarray(lastNewline + 1))
    if (this.#rest.length > MAX_RECORD_BYTES) throw tooLong(this.#rest.length)
    return block
  }
}
