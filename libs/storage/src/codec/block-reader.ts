import type { TickMessage } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { type Backend, decoderOf, type Framing, framingOf, type OwnBackend, type SealedBackend } from '../layout/backend.ts'
import { AddedBlock } from './added-block.ts'
import type { ColumnBuffer } from './columns.ts'
import { decodeTickJsonGeneric } from './json-generic.ts'
import { JsonScanner } from './json-scan.ts'
import { decodeRecordProto, viewOf } from './proto.ts'
import { decodeRecordProtoGeneric } from './proto-generic.ts'
import { recordStamps, scanRowProto, scanStampsProto } from './proto-scan.ts'
import { wholeLines } from './split-lines.ts'
import { recordAt, wholeRecords } from './split-varint.ts'

/** Walks the records of a block of whole records; what it looks at is the record that `next()` last stepped on. */
export interface BlockReader {
  /** Bytes of the block before this record, and up to its end. */
  start: number
  end: number
  /** IB's and our stamp, µs UTC; filled by `readStamps`. */
  ts: number
  st: number
  /** False at the end of the block. */
  next(): boolean
  /** Fills `ts` and `st` without decoding; false where only `decode` can tell. */
  readStamps(): boolean
  /** @throws StorageError `IBS_STORAGE_TICK_INVALID` */
  decode(): TickMessage
  /**
   * Steps on the next record, as `next()` does, and appends its tick to columns that have room for it.
   * @throws StorageError `IBS_STORAGE_TICK_INVALID`; nothing is appended then, and the next call goes on behind the record
   */
  nextInto(columns: ColumnBuffer): boolean
  /** Appends the tick of the record that was last stepped on. @throws StorageError `IBS_STORAGE_TICK_INVALID`; nothing is appended then */
  appendTo(columns: ColumnBuffer): void
}

/** How the files of a backend are cut into records and read. */
export interface RecordFormat {
  /** How many bytes at the start are whole records. @throws StorageError `IBS_STORAGE_RECORD_TOO_LONG` */
  wholeBytes(bytes: Uint8Array): number
  read(block: Uint8Array): BlockReader
}

export function formatOf(backend: Backend): RecordFormat {
  const decode = decoderOf(backend)
  if (decode === undefined) return OWN_FORMAT[backend as OwnBackend | SealedBackend]
  const framing = framingOf(backend)
  return { wholeBytes: WHOLE_BYTES[framing], read: (block) => new AddedBlock(block, framing, decode) }
}

const WHOLE_BYTES: Record<Framing, RecordFormat['wholeBytes']> = { lines: wholeLines, varint: wholeRecords }

const OWN_FORMAT: Record<OwnBackend | SealedBackend, RecordFormat> = {
  json: { wholeBytes: wholeLines, read: (block) => new LineBlock(block) },
  pb: { wholeBytes: wholeRecords, read: (block) => new VarintBlock(block) },
  parquet: { wholeBytes: wholeRecords, read: (block) => new VarintBlock(block) }, // its rows, until they are sealed
}

const NEWLINE = 10
const utf8 = new TextDecoder('utf-8', { fatal: true })

class LineBlock implements BlockReader {
  start = 0
  end = 0
  ts = 0
  st = 0
  readonly #block: Uint8Array
  readonly #scanner: JsonScanner

  constructor(block: Uint8Array) {
    this.#block = block
    this.#scanner = new JsonScanner(block)
  }

  next(): boolean {
    if (this.end >= this.#block.length) return false
    this.start = this.end
    this.end = this.#block.indexOf(NEWLINE, this.start) + 1
    return true
  }

  readStamps(): boolean {
    const scanner = this.#scanner
    if (!scanner.stampsAt(this.start)) return false
    this.ts = scanner.ts
    this.st = scanner.st
    return true
  }

  decode(): TickMessage {
    const tick = this.#scanner.tickAt(this.start)
    return tick !== undefined && this.#scanner.end === this.end - 1 ? tick : this.#decodeGeneric()
  }

  nextInto(columns: ColumnBuffer): boolean {
    const from = this.end
    if (from >= this.#block.length) return false
    if (!this.#scanLine(from, columns)) {
      this.next()
      columns.push(this.#decodeGeneric())
      return true
    }
    this.start = from
    this.end = this.#scanner.end + 1
    return true
  }

  appendTo(columns: ColumnBuffer): void {
    if (!this.#scanLine(this.start, columns)) columns.push(this.#decodeGeneric())
  }

  #decodeGeneric(): TickMessage {
    return withStampsRead(this, decodeTickJsonGeneric(this.#line()))
  }

  /** False, and nothing appended, where only the twin can tell. */
  #scanLine(from: number, columns: ColumnBuffer): boolean {
    if (!this.#scanner.rowAt(from, columns)) return false
    if (this.#block[this.#scanner.end] === NEWLINE) return true
    columns.pop()
    return false
  }

  #line(): string {
    const bytes = this.#block.subarray(this.start, this.end - 1)
    try {
      return utf8.decode(bytes)
    } catch (cause) {
      const facts = { field: '-', value: Buffer.from(bytes.subarray(0, 200)).toString('hex'), rule: 'UTF-8' }
      throw new StorageError('IBS_STORAGE_TICK_INVALID', 'the line is not UTF-8; restore the file', facts, { cause })
    }
  }
}

/** Decoders take the last of a key that stands twice, a look at the stamps the first: an answer would miss such a record, so it is damage. */
function withStampsRead(records: BlockReader, tick: TickMessage): TickMessage {
  if (!records.readStamps() || (records.ts === tick.ts && records.st === tick.st)) return tick
  const [field, first, last] = records.ts === tick.ts ? (['st', records.st, tick.st] as const) : (['ts', records.ts, tick.ts] as const)
  const facts = { field, value: `${first}, then ${last}`, rule: 'stands once' }
  throw new StorageError(
    'IBS_STORAGE_TICK_INVALID',
    `${field} stands twice in one record, as ${first} and as ${last}; repair or restore the file`,
    facts,
  )
}

class VarintBlock implements BlockReader {
  start = 0
  end = 0
  ts = 0
  st = 0
  #message = 0
  readonly #block: Uint8Array
  readonly #view: DataView

  constructor(block: Uint8Array) {
    this.#block = block
    this.#view = viewOf(block)
  }

  next(): boolean {
    if (this.end >= this.#block.length) return false
    this.start = this.end
    const record = recordAt(this.#block, this.start)
    this.#message = record.start
    this.end = record.end
    return true
  }

  readStamps(): boolean {
    const known = scanStampsProto(this.#block, this.#message, this.end)
    this.ts = recordStamps.ts
    this.st = recordStamps.st
    return known
  }

  decode(): TickMessage {
    return withStampsRead(this, decodeRecordProto(this.#block, this.#view, this.#message, this.end))
  }

  nextInto(columns: ColumnBuffer): boolean {
    if (!this.next()) return false
    this.appendTo(columns)
    return true
  }

  appendTo(columns: ColumnBuffer): void {
    if (scanRowProto(this.#block, this.#view, this.#message, this.end, columns)) return
    columns.push(withStampsRead(this, decodeRecordProtoGeneric(this.#block.subarray(this.#message, this.end))))
  }
}
