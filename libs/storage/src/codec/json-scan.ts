import { EARLIEST_TS_US, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { CORE_BITS, ColumnBuffer, FIELD_BIT, TT_RANK } from './columns.ts'
import { end, scanNumber, scanStamp, setEnd, startNumbers } from './json-numbers.ts'
import { textAt } from './text-table.ts'
import { tickOfRow } from './tick-of-row.ts'

/** Words are read ahead: so many bytes must follow where a scan begins. No scan goes farther. */
const READ_AHEAD_BYTES = 512

/**
 * Reads ticks out of bytes that hold lines of JSON, where they are spelled as we spell them and valid; of anything else it says that it is unsure, and the generic
 * decoder must tell. One scan serves columns and objects. What stands behind the closing brace is the caller's to look at.
 */
export class JsonScanner {
  /** Behind the closing brace of the tick that was read last. */
  end = 0
  /** Stamps read last, µs UTC. */
  ts = 0
  st = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) // never a Buffer, so that what is compiled for one kind of array stays
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Appends the tick that begins at `from` to columns that have room for it; false, and nothing appended, where that is unsure. */
  rowAt(from: number, columns: ColumnBuffer): boolean {
    const bytes = this.#bytes
    if (from + READ_AHEAD_BYTES <= bytes.length) {
      if (!scanRow(bytes, this.#view, from, columns)) return false
      this.end = end
      return true
    }
    copyTail(bytes, from)
    if (!scanRow(TAIL, TAIL_VIEW, 0, columns)) return false
    this.end = from + end
    return true
  }

  /** The tick that begins at `from`; undefined where that is unsure. */
  tickAt(from: number): TickMessage | undefined {
    ONE.length = 0
    if (!this.rowAt(from, ONE)) return undefined
    return tickOfRow(ONE, 0)
  }

  /** Only the stamps of the line that begins at `from`, into `ts` and `st`; false where that is unsure. */
  stampsAt(from: number): boolean {
    const view = this.#view
    if (from + SHORTEST_LINE > this.#bytes.length) return false
    startNumbers(from)
    if (view.getInt32(from, true) !== TS || view.getUint16(from + 4, true) !== KEY_END) return false
    this.ts = scanStamp(view, from + 6)
    if (view.getInt32(end, true) !== ST || view.getUint16(end + 4, true) !== KEY_END) return false
    this.st = scanStamp(view, end + 6)
    return this.ts >= 0 && this.st >= 0
  }
}

const SHORTEST_LINE = '{"ts":1753837634000000,"st":1753837634777542,"cid":1,"tt":"last","rid":0,"p":1}'.length

/** The end of some bytes with a zero behind it, beyond which nothing is found. */
const TAIL = new Uint8Array(2 * READ_AHEAD_BYTES)
const TAIL_VIEW = new DataView(TAIL.buffer)

function copyTail(bytes: Uint8Array, from: number): void {
  TAIL.set(bytes.subarray(from))
  TAIL[bytes.length - from] = 0
}

/** A tick on its way to an object. */
const ONE = new ColumnBuffer(1)

const MAX_INT32 = 2 ** 31 - 1

/** Four, or two, characters as one number, as `getInt32(at, true)` reads them: one comparison instead of four. */
const four = (text: string): number => Buffer.from(text, 'latin1').readInt32LE(0)
const two = (text: string): number => Buffer.from(text, 'latin1').readUInt16LE(0)

const TS = four('{"ts')
const ST = four(',"st')
const CID = four(',"ci')
const TT = four(',"tt')
const RID = four('","r')
const ID_END = four('id":')
const TT_END = four('t":"')
const KEY_END = two('":')

/** Appends a row, and sets `end` behind the closing brace; false, and nothing appended, where that is unsure. `view` lies over the same bytes. */
function scanRow(b: Uint8Array, view: DataView, from: number, columns: ColumnBuffer): boolean {
  startNumbers(from)
  if (view.getInt32(from, true) !== TS || view.getUint16(from + 4, true) !== KEY_END) return false
  const ts = scanStamp(view, from + 6)
  if (view.getInt32(end, true) !== ST || view.getUint16(end + 4, true) !== KEY_END) return false
  const st = scanStamp(view, end + 6)
  if (view.getInt32(end, true) !== CID || view.getInt32(end + 3, true) !== ID_END) return false
  const cid = scanNumber(view, end + 7)
  if (view.getInt32(end, true) !== TT || view.getInt32(end + 3, true) !== TT_END) return false
  const tt = scanType(view, end + 7)
  if (tt < 0 || view.getInt32(end, true) !== RID || view.getInt32(end + 4, true) !== ID_END) return false
  const rid = scanNumber(view, end + 8)
  // comparisons with NaN are false, so a number that was not read ends here too
  if (!(ts >= EARLIEST_TS_US && ts <= st + US_PER_DAY && cid > 0 && cid <= MAX_INT32 && rid >= 0 && rid <= MAX_INT32)) return false
  if ((cid | 0) !== cid || (rid | 0) !== rid) return false
  const row = columns.length
  let bits = tt === QUOTE ? scanQuote(view, columns, row) : tt === MID_POINT ? scanMidPoint(view, columns, row) : 0
  if (tt === LAST || tt === ALL_LAST) bits = scanTrade(b, view, columns, row)
  if (bits !== 0 && view.getUint8(end) === 44 && isFlag(view, BF)) bits |= FIELD_BIT.bf
  if (bits === 0 || view.getUint8(end) !== 125) {
    columns.clearRow(row)
    return false
  }
  setEnd(end + 1)
  columns.ts[row] = ts
  columns.st[row] = st
  columns.cid[row] = cid
  columns.tt[row] = tt
  columns.rid[row] = rid
  columns.fields[row] = bits | CORE_BITS
  columns.length = row + 1
  return true
}

const QUOTE = TT_RANK.bid_ask
const LAST = TT_RANK.last
const ALL_LAST = TT_RANK.all_last
const MID_POINT = TT_RANK.mid_point

const BID_ = four('bid_')
const _ASK = four('_ask')
const LAST_ = four('last')
const ALL_ = four('all_')
const MID_ = four('mid_')
const POIN = four('poin')
const OINT = four('oint')

/** Rank of the tick type whose word begins at `at`; the end is where its quote must be. */
function scanType(view: DataView, at: number): number {
  const word = view.getInt32(at, true)
  if (word === BID_) return view.getInt32(at + 3, true) === _ASK ? wordEnds(at + 7, QUOTE) : -1
  if (word === LAST_) return wordEnds(at + 4, LAST)
  if (word === ALL_) return view.getInt32(at + 4, true) === LAST_ ? wordEnds(at + 8, ALL_LAST) : -1
  if (word !== MID_ || view.getInt32(at + 4, true) !== POIN || view.getInt32(at + 5, true) !== OINT) return -1
  return wordEnds(at + 9, MID_POINT)
}

function wordEnds(at: number, rank: number): number {
  setEnd(at)
  return rank
}

const BP = four(',"bp')
const BS = four(',"bs')
const AP = four(',"ap')
const AS = four(',"as')
const MP = four(',"mp')
const P = four(',"p"')
const S = four(',"s"')
const EX = four(',"ex')
const SC = four(',"sc')
const APH = four(',"ap')
const UPT = four(',"up')
const PL = four(',"pl')
const BF = four(',"bf')

/** The bits of what was read; 0 where there is no price. */
function scanQuote(view: DataView, columns: ColumnBuffer, row: number): number {
  let bits = 0
  if (isKey(view, BP)) {
    columns.bp[row] = scanNumber(view, end + 6)
    bits |= FIELD_BIT.bp
  }
  if (isKey(view, BS)) {
    columns.bs[row] = scanNumber(view, end + 6)
    bits |= FIELD_BIT.bs
  }
  if (isKey(view, AP)) {
    columns.ap[row] = scanNumber(view, end + 6)
    bits |= FIELD_BIT.ap
  }
  if (isKey(view, AS)) {
    columns.as[row] = scanNumber(view, end + 6)
    bits |= FIELD_BIT.as
  }
  if ((bits & (FIELD_BIT.bp | FIELD_BIT.ap)) === 0) return 0
  if (view.getUint8(end) !== 44) return bits
  if (isLongFlag(view, BP, 108)) bits |= FIELD_BIT.bpl
  if (isLongFlag(view, APH, 104)) bits |= FIELD_BIT.aph
  return bits
}

function scanMidPoint(view: DataView, columns: ColumnBuffer, row: number): number {
  if (!isKey(view, MP)) return 0
  columns.mp[row] = scanNumber(view, end + 6)
  return FIELD_BIT.mp
}

function scanTrade(b: Uint8Array, view: DataView, columns: ColumnBuffer, row: number): number {
  if (!isShortKey(view, P)) return 0
  columns.p[row] = scanNumber(view, end + 5)
  let bits = FIELD_BIT.p
  if (isShortKey(view, S)) {
    columns.s[row] = scanNumber(view, end + 5)
    bits |= FIELD_BIT.s
  }
  if (isKey(view, EX)) {
    const ex = scanWord(b, end + 6)
    if (ex === undefined) return 0
    columns.putText('ex', row, ex)
    bits |= FIELD_BIT.ex
  }
  if (isKey(view, SC)) {
    const sc = scanWord(b, end + 6)
    if (sc === undefined) return 0
    columns.putText('sc', row, sc)
    bits |= FIELD_BIT.sc
  }
  if (view.getUint8(end) !== 44) return bits
  if (isLongFlag(view, UPT, 116)) bits |= FIELD_BIT.upt
  if (isFlag(view, PL)) bits |= FIELD_BIT.pl
  return bits
}

/** `,"xy":` */
const isKey = (view: DataView, key: number): boolean => view.getInt32(end, true) === key && view.getUint16(end + 4, true) === KEY_END

/** `,"x":` */
const isShortKey = (view: DataView, key: number): boolean => view.getInt32(end, true) === key && view.getUint8(end + 4) === 58

const TRUE = four('true')

/** `,"xy":true`, and steps over it. */
function isFlag(view: DataView, key: number): boolean {
  if (!isKey(view, key) || view.getInt32(end + 6, true) !== TRUE) return false
  setEnd(end + 10)
  return true
}

/** `,"xyz":true`, and steps over it. */
function isLongFlag(view: DataView, key: number, z: number): boolean {
  if (view.getInt32(end, true) !== key || view.getUint8(end + 4) !== z || view.getUint16(end + 5, true) !== KEY_END) return false
  if (view.getInt32(end + 7, true) !== TRUE) return false
  setEnd(end + 11)
  return true
}

const LONGEST_WORD = 100 // so that a scan ends within the bytes that were looked for

/** Plain text between quotes; `at` is its opening quote. */
function scanWord(b: Uint8Array, at: number): string | undefined {
  if (b[at] !== 34) return undefined
  let i = at + 1
  for (let c = b[i] ?? 0; c !== 34; c = b[++i] ?? 0) if (c < 32 || c > 126 || c === 92 || i > at + LONGEST_WORD) return undefined
  setEnd(i + 1)
  return textAt(b, at + 1, i)
}
