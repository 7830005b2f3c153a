import type { BidAskTick, TickMessage, TradeTick } from '@ib-stream/model'

// Lines are written as bytes, not as text: numbers to text and pieces to one string take most of the time of JSON.stringify.

/** No line of numbers is longer; texts are counted apart. */
const MOST_BYTES = 512
const LONGEST_TEXT = 100

let out = Buffer.allocUnsafe(64 * 1024)
let view = viewOf(out)
let at = 0

/** Lines of ticks, each with its newline; the bytes are the caller's. The ticks must have passed `checkTick`. */
export function encodeTicksJson(ticks: readonly TickMessage[]): Uint8Array {
  at = 0
  for (const tick of ticks) {
    putTick(tick)
    out[at++] = 10
  }
  return new Uint8Array(out.subarray(0, at))
}

/** One line, without its newline: keys in wire order, compact, nothing that is absent or false. The tick must have passed `checkTick`; −0 becomes 0, as everywhere in JSON. */
export function encodeTickJson(tick: TickMessage): string {
  at = 0
  putTick(tick)
  return out.toString(isAscii ? 'latin1' : 'utf8', 0, at)
}

let isAscii = true

function putTick(tick: TickMessage): void {
  if (at + MOST_BYTES > out.length) grow(2 * out.length)
  isAscii = true
  put(TS)
  putStamp(tick.ts)
  put(ST)
  putStamp(tick.st)
  put(CID)
  putWhole(tick.cid)
  put(TT_RID[tick.tt])
  putWhole(tick.rid)
  switch (tick.tt) {
    case 'bid_ask':
      putQuote(tick)
      break
    case 'mid_point':
      putNumber(MP, tick.mp)
      break
    default:
      putTrade(tick)
  }
  if (tick.bf) put(BF)
  out[at++] = 125
}

function putQuote(tick: BidAskTick): void {
  if (tick.bp !== undefined) putNumber(BP, tick.bp)
  if (tick.bs !== undefined) putNumber(BS, tick.bs)
  if (tick.ap !== undefined) putNumber(AP, tick.ap)
  if (tick.as !== undefined) putNumber(AS, tick.as)
  if (tick.bpl) put(BPL)
  if (tick.aph) put(APH)
}

function putTrade(tick: TradeTick): void {
  putNumber(P, tick.p)
  if (tick.s !== undefined) putNumber(S, tick.s)
  if (tick.ex !== undefined) putText(EX, tick.ex)
  if (tick.sc !== undefined) putText(SC, tick.sc)
  if (tick.upt) put(UPT)
  if (tick.pl) put(PL)
}

const word = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

const TS = word('{"ts":')
const ST = word(',"st":')
const CID = word(',"cid":')
const TT_RID = {
  bid_ask: word(',"tt":"bid_ask","rid":'),
  last: word(',"tt":"last","rid":'),
  all_last: word(',"tt":"all_last","rid":'),
  mid_point: word(',"tt":"mid_point","rid":'),
}
const P = word(',"p":')
const S = word(',"s":')
const BP = word(',"bp":')
const BS = word(',"bs":')
const AP = word(',"ap":')
const AS = word(',"as":')
const MP = word(',"mp":')
const EX = word(',"ex":')
const SC = word(',"sc":')
const BPL = word(',"bpl":true')
const APH = word(',"aph":true')
const UPT = word(',"upt":true')
const PL = word(',"pl":true')
const BF = word(',"bf":true')

function put(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i] as number
}

/** Each number below 10000 as the four bytes of its digits. */
const FOUR_DIGITS = Int32Array.from({ length: 10_000 }, (_, n) => Buffer.from(String(n).padStart(4, '0')).readInt32LE(0))
const TEN_TO_4 = 10_000
const TEN_TO_8 = 100_000_000
const SIXTEEN_DIGITS = 1e15

function putStamp(us: number): void {
  if (us < SIXTEEN_DIGITS) return putWhole(us)
  const high = Math.floor(us / TEN_TO_8)
  putEight(high)
  putEight(us - high * TEN_TO_8)
}

function putEight(value: number): void {
  const high = (value / TEN_TO_4) | 0
  view.setInt32(at, FOUR_DIGITS[high] as number, true)
  view.setInt32(at + 4, FOUR_DIGITS[value - high * TEN_TO_4] as number, true)
  at += 8
}

/** A whole number from 0 to 2^53 − 1. */
function putWhole(value: number): void {
  if (value < 10) {
    out[at++] = 48 + value
  } else if (value < TEN_TO_4) {
    putSome(value, value < 100 ? 2 : value < 1000 ? 3 : 4)
  } else if (value < TEN_TO_8) {
    const high = (value / TEN_TO_4) | 0
    putWhole(high)
    putSome(value - high * TEN_TO_4, 4)
  } else {
    const high = Math.floor(value / TEN_TO_8)
    putWhole(high)
    putEight(value - high * TEN_TO_8)
  }
}

/** The last `digits` digits of a number below 10000. */
function putSome(value: number, digits: number): void {
  view.setInt32(at, (FOUR_DIGITS[value] as number) >>> (8 * (4 - digits)), true)
  at += digits
}

function putNumber(key: Uint8Array, value: number): void {
  put(key)
  if (value >= 0 ? putPlain(value) : putNegative(value)) return
  at += out.write(String(value), at, 'latin1')
}

function putNegative(value: number): boolean {
  out[at++] = 45
  if (putPlain(-value)) return true
  at--
  return false
}

const MOST_PLAIN = 1e9
const POWERS_OF_TEN = [1, 10, 100, 1000, 10_000]

/**
 * A number of up to four decimals, or false and nothing written. Such a number has at most 13 digits, and two different numbers of up to 15 digits are never
 * the same double: so if digits / 10^n is the value, they are its shortest spelling.
 */
function putPlain(value: number): boolean {
  if (!(value < MOST_PLAIN)) return false
  if (value === (value | 0)) {
    putWhole(value | 0)
    return true
  }
  for (let decimals = 1; decimals < POWERS_OF_TEN.length; decimals++) {
    const scale = POWERS_OF_TEN[decimals] as number
    const digits = Math.round(value * scale)
    if (digits / scale !== value) continue
    const whole = Math.floor(digits / scale)
    putWhole(whole)
    out[at++] = 46
    putSome(digits - whole * scale, decimals)
    return true
  }
  return false
}

function putText(key: Uint8Array, text: string): void {
  put(key)
  if (text.length <= LONGEST_TEXT && putPlainText(text)) return
  const quoted = JSON.stringify(text)
  const bytes = Buffer.byteLength(quoted)
  if (at + bytes + MOST_BYTES > out.length) grow(2 * (out.length + bytes))
  isAscii = false
  at += out.write(quoted, at, 'utf8')
}

/** Printable ASCII without quote and backslash, which is what IB's exchange names and conditions are; or false and nothing written. */
function putPlainText(text: string): boolean {
  const start = at
  out[at++] = 34
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 32 || c > 126 || c === 34 || c === 92) {
      at = start
      return false
    }
    out[at++] = c
  }
  out[at++] = 34
  return true
}

function grow(bytes: number): void {
  const larger = Buffer.allocUnsafe(bytes)
  out.copy(larger, 0, 0, at)
  out = larger
  view = viewOf(out)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
