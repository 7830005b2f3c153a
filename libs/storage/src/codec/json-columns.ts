import { EARLIEST_TS_US, US_PER_DAY } from '@ib-stream/model'
import { CORE_BITS, type ColumnBuffer, FIELD_BIT, TT_RANK } from './columns.ts'
import { end, isRead, scanDouble, scanId, scanStamp, scanWord, setEnd, startNumbers } from './json-numbers.ts'

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

/** So many bytes must follow what is scanned, because words are read ahead; the last lines of a block go to the twin. */
const READ_AHEAD_BYTES = 512

/**
 * Appends the tick of the line that begins at `from` to the columns if it is spelled as we spell it and valid. `view` lies over the same bytes; there must be
 * room for a row.
 * @returns where the next line begins; −1, and nothing appended, where only the generic twin can tell
 */
export function scanRowJson(b: Uint8Array, view: DataView, from: number, columns: ColumnBuffer): number {
  if (from + READ_AHEAD_BYTES > b.length) return -1
  startNumbers(from)
  if (view.getInt32(from, true) !== TS || view.getUint16(from + 4, true) !== KEY_END) return -1
  const ts = scanStamp(b, view, from + 6)
  if (view.getInt32(end, true) !== ST || view.getUint16(end + 4, true) !== KEY_END) return -1
  const st = scanStamp(b, view, end + 6)
  if (view.getInt32(end, true) !== CID || view.getInt32(end + 3, true) !== ID_END) return -1
  const cid = scanId(b, view, end + 7)
  if (view.getInt32(end, true) !== TT || view.getInt32(end + 3, true) !== TT_END) return -1
  const tt = scanType(view, end + 7)
  if (tt < 0 || view.getInt32(end, true) !== RID || view.getInt32(end + 4, true) !== ID_END) return -1
  const rid = scanId(b, view, end + 8)
  // comparisons with NaN are false, so a number that was not read ends here too
  if (!(ts >= EARLIEST_TS_US && ts <= st + US_PER_DAY && cid > 0 && cid <= MAX_INT32 && rid <= MAX_INT32)) return -1
  const row = columns.length
  let bits = tt === QUOTE ? scanQuote(b, view, columns, row) : tt === MID_POINT ? scanMidPoint(b, view, columns, row) : 0
  if (tt === LAST || tt === ALL_LAST) bits = scanTrade(b, view, columns, row)
  if (bits !== 0 && b[end] === 44 && isFlag(view, BF)) bits |= FIELD_BIT.bf
  if (bits === 0 || b[end] !== 125 || b[end + 1] !== 10 || !isRead()) {
    columns.clearRow(row)
    return -1
  }
  columns.ts[row] = ts
  columns.st[row] = st
  columns.cid[row] = cid
  columns.tt[row] = tt
  columns.rid[row] = rid
  columns.fields[row] = bits | CORE_BITS
  columns.length = row + 1
  return end + 2
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
function scanQuote(b: Uint8Array, view: DataView, columns: ColumnBuffer, row: number): number {
  let bits = 0
  if (isKey(view, BP)) {
    columns.bp[row] = scanDouble(b, end + 6)
    bits |= FIELD_BIT.bp
  }
  if (isKey(view, BS)) {
    columns.bs[row] = scanDouble(b, end + 6)
    bits |= FIELD_BIT.bs
  }
  if (isKey(view, AP)) {
    columns.ap[row] = scanDouble(b, end + 6)
    bits |= FIELD_BIT.ap
  }
  if (isKey(view, AS)) {
    columns.as[row] = scanDouble(b, end + 6)
    bits |= FIELD_BIT.as
  }
  if ((bits & (FIELD_BIT.bp | FIELD_BIT.ap)) === 0) return 0
  if (b[end] !== 44) return bits
  if (isLongFlag(b, view, BP, 108)) bits |= FIELD_BIT.bpl
  if (isLongFlag(b, view, APH, 104)) bits |= FIELD_BIT.aph
  return bits
}

function scanMidPoint(b: Uint8Array, view: DataView, columns: ColumnBuffer, row: number): number {
  if (!isKey(view, MP)) return 0
  columns.mp[row] = scanDouble(b, end + 6)
  return FIELD_BIT.mp
}

function scanTrade(b: Uint8Array, view: DataView, columns: ColumnBuffer, row: number): number {
  if (!isShortKey(b, view, P)) return 0
  columns.p[row] = scanDouble(b, end + 5)
  let bits = FIELD_BIT.p
  if (isShortKey(b, view, S)) {
    columns.s[row] = scanDouble(b, end + 5)
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
  if (b[end] !== 44) return bits
  if (isLongFlag(b, view, UPT, 116)) bits |= FIELD_BIT.upt
  if (isFlag(view, PL)) bits |= FIELD_BIT.pl
  return bits
}

/** `,"xy":` */
const isKey = (view: DataView, key: number): boolean => view.getInt32(end, true) === key && view.getUint16(end + 4, true) === KEY_END

/** `,"x":` */
const isShortKey = (b: Uint8Array, view: DataView, key: number): boolean => view.getInt32(end, true) === key && b[end + 4] === 58

const TRUE = four('true')

/** `,"xy":true`, and steps over it. */
function isFlag(view: DataView, key: number): boolean {
  if (!isKey(view, key) || view.getInt32(end + 6, true) !== TRUE) return false
  setEnd(end + 10)
  return true
}

/** `,"xyz":true`, and steps over it. */
function isLongFlag(b: Uint8Array, view: DataView, key: number, z: number): boolean {
  if (view.getInt32(end, true) !== key || b[end + 4] !== z || view.getUint16(end + 5, true) !== KEY_END) return false
  if (view.getInt32(end + 7, true) !== TRUE) return false
  setEnd(end + 11)
  return true
}
