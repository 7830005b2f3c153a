import { EARLIEST_TS_US, US_PER_DAY } from '@ib-stream/model'
import { CORE_BITS, type ColumnBuffer, FIELD_BIT, TT_RANK } from './columns.ts'
import { textAt } from './text-table.ts'

const MAX_INT32 = 2 ** 31 - 1
const LONGEST_TEXT = 127 // its length is one byte; longer ones go to the twin

// Where the last value ended. Beyond every record once something could not be read.
let cursor = 0
const UNSURE = 0x3fffffff

/**
 * Appends the tick of one record without its length, at bytes[from, to), to the columns if it is written as we write it and valid; false, and nothing appended,
 * where only the generic twin can tell. `view` lies over the same bytes. There must be room for a row.
 */
export function scanRowProto(b: Uint8Array, view: DataView, from: number, to: number, columns: ColumnBuffer): boolean {
  const row = columns.length
  if (b[from] !== 0x08) return false
  cursor = from + 1
  const ts = takeStamp(b, to)
  if (b[cursor] !== 0x10) return false
  cursor++
  const st = takeStamp(b, to)
  if (b[cursor] !== 0x18) return false
  cursor++
  const cid = takeId(b, to)
  const tt = takeType(b, to)
  if (tt < 0) return false
  let rid = 0
  if (cursor < to && b[cursor] === 0x28) {
    cursor++
    rid = takeId(b, to)
  }
  // comparisons with NaN are false, so a number that was not read ends here too
  if (!(ts >= EARLIEST_TS_US && ts <= st + US_PER_DAY && cid > 0 && cid <= MAX_INT32 && rid <= MAX_INT32)) return false
  let bits = tt === QUOTE ? takeQuote(b, view, to, columns, row) : tt === MID_POINT ? takeMidPoint(b, view, to, columns, row) : 0
  if (tt === LAST || tt === ALL_LAST) bits = takeTrade(b, view, to, columns, row)
  if (bits !== 0 && takeFlag(b, to, 0xc0)) bits |= FIELD_BIT.bf
  if (bits === 0 || cursor !== to) {
    columns.clearRow(row)
    return false
  }
  columns.ts[row] = ts
  columns.st[row] = st
  columns.cid[row] = cid
  columns.tt[row] = tt
  columns.rid[row] = rid
  columns.fields[row] = bits | CORE_BITS
  columns.length = row + 1
  return true
}

/** Only `ts` and `st` of a record in our order of fields, into {@link recordStamps}; false where it must be decoded to know. */
export function scanStampsProto(b: Uint8Array, from: number, to: number): boolean {
  if (b[from] !== 0x08) return false
  cursor = from + 1
  recordStamps.ts = takeStamp(b, to)
  if (b[cursor] !== 0x10) return false
  cursor++
  recordStamps.st = takeStamp(b, to)
  return recordStamps.ts >= 0 && recordStamps.st >= 0
}

/** Written by {@link scanStampsProto}. */
export const recordStamps = { ts: 0, st: 0 }

const QUOTE = TT_RANK.bid_ask
const LAST = TT_RANK.last
const ALL_LAST = TT_RANK.all_last
const MID_POINT = TT_RANK.mid_point

/** The bits of what was read; 0 where there is no price. */
function takeQuote(b: Uint8Array, view: DataView, to: number, columns: ColumnBuffer, row: number): number {
  let bits = 0
  if (isDouble(b, to, 0x61)) {
    columns.bp[row] = takeDouble(view)
    bits |= FIELD_BIT.bp
  }
  if (isDouble(b, to, 0x69)) {
    columns.bs[row] = takeDouble(view)
    bits |= FIELD_BIT.bs
  }
  if (isDouble(b, to, 0x71)) {
    columns.ap[row] = takeDouble(view)
    bits |= FIELD_BIT.ap
  }
  if (isDouble(b, to, 0x79)) {
    columns.as[row] = takeDouble(view)
    bits |= FIELD_BIT.as
  }
  if ((bits & (FIELD_BIT.bp | FIELD_BIT.ap)) === 0) return 0
  if (cursor === to) return bits
  if (takeFlag(b, to, 0xa0)) bits |= FIELD_BIT.bpl
  if (takeFlag(b, to, 0xa8)) bits |= FIELD_BIT.aph
  return bits
}

function takeMidPoint(b: Uint8Array, view: DataView, to: number, columns: ColumnBuffer, row: number): number {
  if (!isTag(b, to, 0x81) || cursor + 10 > to) return 0
  cursor++ // its tag has two bytes, the tag of a double one
  columns.mp[row] = takeDouble(view)
  return FIELD_BIT.mp
}

function takeTrade(b: Uint8Array, view: DataView, to: number, columns: ColumnBuffer, row: number): number {
  if (!isDouble(b, to, 0x51)) return 0
  columns.p[row] = takeDouble(view)
  let bits = FIELD_BIT.p
  if (isDouble(b, to, 0x59)) {
    columns.s[row] = takeDouble(view)
    bits |= FIELD_BIT.s
  }
  if (isTag(b, to, 0x8a)) {
    const ex = takeText(b, to)
    if (ex === undefined) return 0
    columns.putText('ex', row, ex)
    bits |= FIELD_BIT.ex
  }
  if (isTag(b, to, 0x92)) {
    const sc = takeText(b, to)
    if (sc === undefined) return 0
    columns.putText('sc', row, sc)
    bits |= FIELD_BIT.sc
  }
  if (cursor === to) return bits
  if (takeFlag(b, to, 0xb0)) bits |= FIELD_BIT.upt
  if (takeFlag(b, to, 0xb8)) bits |= FIELD_BIT.pl
  return bits
}

function unsure(): number {
  cursor = UNSURE
  return Number.NaN
}

const LOW_28_BITS = 2 ** 28

/** Eight bytes, which every stamp from 1987 on has, as two numbers of 28 bits; any other length byte by byte. */
function takeStamp(b: Uint8Array, to: number): number {
  const at = cursor
  if (at + 8 > to) return takeVarint(b, to)
  const b0 = b[at] as number
  const b1 = b[at + 1] as number
  const b2 = b[at + 2] as number
  const b3 = b[at + 3] as number
  const b4 = b[at + 4] as number
  const b5 = b[at + 5] as number
  const b6 = b[at + 6] as number
  const b7 = b[at + 7] as number
  if ((b0 & b1 & b2 & b3 & b4 & b5 & b6 & ~b7 & 0x80) === 0) return takeVarint(b, to)
  cursor = at + 8
  const low = (b0 & 0x7f) | ((b1 & 0x7f) << 7) | ((b2 & 0x7f) << 14) | ((b3 & 0x7f) << 21)
  const high = (b4 & 0x7f) | ((b5 & 0x7f) << 7) | ((b6 & 0x7f) << 14) | (b7 << 21)
  const value = high * LOW_28_BITS + low
  return value <= Number.MAX_SAFE_INTEGER ? value : unsure()
}

/** An id: five bytes at most, of which the last has three bits. */
function takeId(b: Uint8Array, to: number): number {
  let value = 0
  let at = cursor
  for (let shift = 0; shift < 35 && at < to; shift += 7) {
    const byte = b[at++] as number
    value |= (byte & 0x7f) << shift
    if (byte >= 0x80) continue
    if (shift === 28 && byte > 7) return unsure()
    cursor = at
    return value
  }
  return unsure()
}

function takeVarint(b: Uint8Array, to: number): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 8 && cursor < to; i++) {
    const byte = b[cursor++] as number
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : unsure()
    scale *= 0x80
  }
  return unsure()
}

/** Tag, length and one of four words. */
function takeType(b: Uint8Array, to: number): number {
  const at = cursor
  if (b[at] !== 0x22) return -1
  const length = b[at + 1] as number
  cursor = at + 2 + length
  if (cursor > to) return -1
  switch (length) {
    case 7: // bid_ask
      return isWord(b, at + 2, 98, 105, 100, 95) && b[at + 6] === 97 && b[at + 7] === 115 && b[at + 8] === 107 ? QUOTE : -1
    case 4: // last
      return isWord(b, at + 2, 108, 97, 115, 116) ? LAST : -1
    case 8: // all_last
      return isWord(b, at + 2, 97, 108, 108, 95) && isWord(b, at + 6, 108, 97, 115, 116) ? ALL_LAST : -1
    case 9: // mid_point
      return isWord(b, at + 2, 109, 105, 100, 95) && isWord(b, at + 6, 112, 111, 105, 110) && b[at + 10] === 116 ? MID_POINT : -1
    default:
      return -1
  }
}

const isWord = (b: Uint8Array, at: number, c0: number, c1: number, c2: number, c3: number): boolean =>
  b[at] === c0 && b[at + 1] === c1 && b[at + 2] === c2 && b[at + 3] === c3

/** Whether a double with this one-byte tag stands here in full. */
const isDouble = (b: Uint8Array, to: number, tag: number): boolean => cursor + 9 <= to && b[cursor] === tag

/** A number that is not finite is not read: nothing after it matches, and the twin says what is wrong. */
function takeDouble(view: DataView): number {
  const value = view.getFloat64(cursor + 1, true)
  if (value - value !== 0) return unsure()
  cursor += 9
  return value
}

/** Whether this two-byte tag stands here and a byte after it. */
const isTag = (b: Uint8Array, to: number, tag: number): boolean => cursor + 3 <= to && b[cursor] === tag && b[cursor + 1] === 1

function takeFlag(b: Uint8Array, to: number, tag: number): boolean {
  if (!isTag(b, to, tag) || b[cursor + 2] !== 1) return false
  cursor += 3
  return true
}

/** ASCII behind a tag of two bytes and its length. */
function takeText(b: Uint8Array, to: number): string | undefined {
  const length = b[cursor + 2] as number
  const from = cursor + 3
  if (length > LONGEST_TEXT || from + length > to) return undefined
  for (let i = from; i < from + length; i++) if ((b[i] as number) > 127) return undefined
  cursor = from + length
  return textAt(b, from, from + length)
}
