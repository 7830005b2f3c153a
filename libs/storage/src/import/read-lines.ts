import { joined, MAX_RECORD_BYTES } from '../codec/record-limit.ts'
import type { RecordReader, SourceRecord } from './records.ts'
import { recordInside, turnLine } from './turn-line.ts'
import type { TurnOptions } from './turned.ts'

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const BYTE_ORDER_MARK = '\uFEFF'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Records of a file of lines, whatever the lines are: v3 or the verbose form, with LF or CRLF, torn, doubled up behind a torn one, or not text at all. */
export class LineRecords implements RecordReader {
  #rest: Uint8Array = new Uint8Array(0)
  #line = 0
  /** Bytes of a line that is too long to be one and has not ended yet. */
  #endless = 0
  readonly #options: TurnOptions

  constructor(options: TurnOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): SourceRecord[] {
    const records: SourceRecord[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#take(chunk.subarray(from, at), records)
      from = at + 1
    }
    if (this.#endless > 0) this.#endless += chunk.length - from
    else this.#rest = new Uint8Array(joined(this.#rest, chunk.subarray(from)))
    if (this.#rest.length > MAX_RECORD_BYTES) {
      this.#endless = this.#rest.length
      this.#rest = new Uint8Array(0)
    }
    return records
  }

  end(): SourceRecord[] {
    const records: SourceRecord[] = []
    if (this.#rest.length > 0 || this.#endless > 0) this.#take(new Uint8Array(0), records)
    return records
  }

  #take(piece: Uint8Array, records: SourceRecord[]): void {
    this.#line++
    if (this.#endless > 0) {
      const bytes = this.#endless + piece.length
      this.#endless = 0
      records.push({ turned: { fault: `a line of ${bytes} bytes` }, line: this.#line, bytes })
      return
    }
    let line = joined(this.#rest, piece)
    this.#rest = new Uint8Array(0)
    if (line.at(-1) === CARRIAGE_RETURN) line = line.subarray(0, -1)
    if (line.length > 0) this.#turn(line, records)
  }

  #turn(bytes: Uint8Array, records: SourceRecord[]): void {
    const text = textOf(bytes)
    if (text === undefined) {
      records.push({ turned: { fault: 'not UTF-8' }, line: this.#line, bytes: bytes.length })
      return
    }
    const line = this.#line === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
    if (line.trim() === '') return
    const turned = turnLine(line, this.#options)
    const behind = 'broken' in turned ? recordInside(line) : 0
    const record = { turned, line: this.#line, bytes: behind > 0 ? behind : bytes.length }
    records.push(record)
    if (behind > 0) records.push({ turned: turnLine(line.slice(behind), this.#options), line: this.#line, bytes: line.length - behind })
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError || (Error.isError(error) && error.name === 'TypeError')) return undefined
    throw error
  }
}
