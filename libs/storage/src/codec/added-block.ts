import type { TickMessage } from '@ib-stream/model'
import type { BackendForm, Framing } from '../layout/backend.ts'
import type { BlockReader } from './block-reader.ts'
import type { ColumnBuffer } from './columns.ts'
import { recordAt } from './split-varint.ts'

/** Reads the records of an added backend: the framing is the engine's, every record goes through the backend's own decoder. */
export class AddedBlock implements BlockReader {
  start = 0
  end = 0
  ts = 0
  st = 0
  #record: Uint8Array = new Uint8Array(0)
  readonly #block: Uint8Array
  readonly #framing: Framing
  readonly #decode: BackendForm['decode']

  constructor(block: Uint8Array, framing: Framing, decode: BackendForm['decode']) {
    this.#block = block
    this.#framing = framing
    this.#decode = decode
  }

  next(): boolean {
    if (this.end >= this.#block.length) return false
    this.start = this.end
    if (this.#framing === 'lines') {
      this.end = this.#block.indexOf(10, this.start) + 1
      this.#record = this.#block.subarray(this.start, this.end - 1)
    } else {
      const record = recordAt(this.#block, this.start)
      this.end = record.end
      this.#record = this.#block.subarray(record.start, record.end)
    }
    return true
  }

  /** Only the decoder knows. */
  readStamps(): boolean {
    return false
  }

  decode(): TickMessage {
    return this.#decode(this.#record)
  }

  nextInto(columns: ColumnBuffer): boolean {
    if (!this.next()) return false
    this.appendTo(columns)
    return true
  }

  appendTo(columns: ColumnBuffer): void {
    columns.push(this.decode())
  }
}
