import type { Turned } from './turned.ts'

/** One record of a source and where it stands. */
export interface SourceRecord {
  turned: Turned
  /** From 1, in files of lines. */
  line?: number
  /** Byte (of the unpacked content) at which it begins, in files of messages. */
  offsetBytes?: number
  /** Bytes that a fault covers. */
  bytes: number
}

/** Fed chunks, gives the records that are whole; a fault never ends the reading. */
export interface RecordReader {
  push(chunk: Uint8Array): SourceRecord[]
  /** What is left after the last chunk. */
  end(): SourceRecord[]
}
