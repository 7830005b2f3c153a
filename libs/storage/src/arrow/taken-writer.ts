// An entry of its own: whoever only writes or reads ticks does not load Arrow.
import { RecordBatchStreamWriter } from 'apache-arrow'

/** An Arrow IPC stream that is taken batch by batch: the library's own queue would hold all that a slow reader has not taken. `reset` gives it the schema. */
export class TakenWriter extends RecordBatchStreamWriter {
  #parts: Uint8Array[] = []

  /** @returns all bytes since the last call, which are the caller's */
  take(): Uint8Array {
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    return bytes
  }

  protected override _write(chunk: ArrayBufferView | ArrayBuffer): this {
    const bytes = ArrayBuffer.isView(chunk) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : new Uint8Array(chunk)
    if (bytes.byteLength > 0) this.#parts.push(bytes)
    this._position += bytes.byteLength
    return this
  }
}
