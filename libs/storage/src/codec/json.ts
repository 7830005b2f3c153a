import {
  type BidAskTick,
  EARLIEST_TS_US,
  type MidPointTick,
  type TickMessage,
  type TickType,
  type TradeTick,
  US_PER_DAY,
} from '@ib-stream/model'
import { decodeTickJsonGeneric } from './json-generic.ts'

export { encodeTickJson, encodeTicksJson } from './json-writer.ts'

/**
 * The tick of one line.
 * @throws StorageError `IBS_STORAGE_TICK_INVALID` (field, value, rule)
 */
export function decodeTickJson(line: string): TickMessage {
  return scanTickJson(line, 0, line.length) ?? decodeTickJsonGeneric(line)
}

// Where the last number ended: a second return value without an object for each number.
let end = 0

/** The tick at text[from, to) if it is spelled as we spell it and valid; undefined where only the generic twin can tell. `to` may be the text's end. */
export function scanTickJson(text: string, from: number, to: number): TickMessage | undefined {
  if (!isAt(text, '{"ts":', from)) return undefined
  const ts = scanInt(text, from + 6)
  if (!isAt(text, ',"st":', end)) return undefined
  const st = scanInt(text, end + 6)
  if (!isAt(text, ',"cid":', end)) return undefined
  const cid = scanInt(text, end + 7)
  if (!isAt(text, ',"tt":"', end)) return undefined
  const tt = tickTypeAt(text, end + 7)
  if (tt === undefined || !isAt(text, '","rid":', end)) return undefined
  const rid = scanInt(text, end + 8)
  // comparisons with NaN are false, so a number that was not read ends here too
  if (!(ts >= EARLIEST_TS_US && ts <= st + US_PER_DAY && cid > 0 && cid <= MAX_INT32 && rid <= MAX_INT32)) return undefined
  if (tt === 'bid_ask') return scanQuote({ ts, st, cid, tt, rid }, text, to)
  if (tt === 'mid_point') return scanMidPoint({ ts, st, cid, tt, rid, mp: 0 }, text, to)
  return scanTrade({ ts, st, cid, tt, rid, p: 0 }, text, to)
}

const MAX_INT32 = 2 ** 31 - 1

/** Only `ts` and `st` of a line in our spelling, from its bytes, into {@link lineStamps}; false where the line must be decoded to know. */
export function scanStampsJson(bytes: Uint8Array, from: number): boolean {
  if (!areAt(bytes, TS_KEY, from)) return false
  lineStamps.ts = stampAt(bytes, from + TS_KEY.length)
  if (!areAt(bytes, ST_KEY, end)) return false
  lineStamps.st = stampAt(bytes, end + ST_KEY.length)
  return lineStamps.ts >= 0 && lineStamps.st >= 0
}

/** Written by {@link scanStampsJson}. */
export const lineStamps = { ts: 0, st: 0 }

const TS_KEY = Buffer.from('{"ts":')
const ST_KEY = Buffer.from(',"st":')

function areAt(bytes: Uint8Array, word: Uint8Array, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

/** As {@link scanInt}, and only what a comma follows: anything else is spelled in another way. */
function stampAt(bytes: Uint8Array, at: number): number {
  let value = 0
  let i = at
  for (let c = bytes[i] ?? 0; c >= 48 && c <= 57; c = bytes[++i] ?? 0) value = value * 10 + (c - 48)
  const digits = i - at
  if (digits === 0 || digits > 16 || value > Number.MAX_SAFE_INTEGER || bytes[i] !== 44 || bytes[at] === 48) return unsure()
  end = i
  return value
}

function tickTypeAt(text: string, at: number): TickType | undefined {
  switch (text.charCodeAt(at)) {
    case 98: // b
      end = at + 7
      return isAt(text, 'bid_ask', at) ? 'bid_ask' : undefined
    case 108: // l
      end = at + 4
      return isAt(text, 'last', at) ? 'last' : undefined
    case 97: // a
      end = at + 8
      return isAt(text, 'all_last', at) ? 'all_last' : undefined
    case 109: // m
      end = at + 9
      return isAt(text, 'mid_point', at) ? 'mid_point' : undefined
    default:
      return undefined
  }
}

function scanQuote(tick: BidAskTick, text: string, to: number): BidAskTick | undefined {
  if (isAt(text, ',"bp":', end)) tick.bp = scanDouble(text, end + 6)
  if (isAt(text, ',"bs":', end)) tick.bs = scanDouble(text, end + 6)
  if (isAt(text, ',"ap":', end)) tick.ap = scanDouble(text, end + 6)
  if (isAt(text, ',"as":', end)) tick.as = scanDouble(text, end + 6)
  if (tick.bp === undefined && tick.ap === undefined) return undefined
  if (skip(text, ',"bpl":true')) tick.bpl = true
  if (skip(text, ',"aph":true')) tick.aph = true
  return scanEnd(tick, text, to)
}

function scanMidPoint(tick: MidPointTick, text: string, to: number): MidPointTick | undefined {
  if (!isAt(text, ',"mp":', end)) return undefined
  tick.mp = scanDouble(text, end + 6)
  return scanEnd(tick, text, to)
}

function scanTrade(tick: TradeTick, text: string, to: number): TradeTick | undefined {
  if (!isAt(text, ',"p":', end)) return undefined
  tick.p = scanDouble(text, end + 5)
  if (isAt(text, ',"s":', end)) tick.s = scanDouble(text, end + 5)
  if (skip(text, ',"ex":"')) {
    const ex = scanWord(text)
    if (ex === undefined) return undefined
    tick.ex = ex
  }
  if (skip(text, ',"sc":"')) {
    const sc = scanWord(text)
    if (sc === undefined) return undefined
    tick.sc = sc
  }
  if (skip(text, ',"upt":true')) tick.upt = true
  if (skip(text, ',"pl":true')) tick.pl = true
  return scanEnd(tick, text, to)
}

/** A number that was not read left `end` beyond any text, so nothing after it matched and this does not either. */
function scanEnd<Tick extends TickMessage>(tick: Tick, text: string, to: number): Tick | undefined {
  if (skip(text, ',"bf":true')) tick.bf = true
  return end === to - 1 && text.charCodeAt(end) === 125 ? tick : undefined
}

function isAt(text: string, word: string, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (text.charCodeAt(at + i) !== word.charCodeAt(i)) return false
  return true
}

function skip(text: string, word: string): boolean {
  if (!isAt(text, word, end)) return false
  end += word.length
  return true
}

const UNSURE = Number.MAX_SAFE_INTEGER

function unsure(): number {
  end = UNSURE
  return Number.NaN
}

/** Digits without sign and leading zero, at most 2^53 − 1. Sixteen digits above it round to 2^53 or more, so the comparison sees them. */
function scanInt(text: string, at: number): number {
  let value = 0
  let i = at
  for (let c = text.charCodeAt(i); c >= 48 && c <= 57; c = text.charCodeAt(++i)) value = value * 10 + (c - 48)
  const digits = i - at
  if (digits === 0 || digits > 16 || value > Number.MAX_SAFE_INTEGER || (digits > 1 && text.charCodeAt(at) === 48)) return unsure()
  end = i
  return value
}

const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

/** Up to 15 digits with or without a point: both parts are exact doubles, so one division rounds as JSON.parse does. Exponents go to the twin. */
function scanDouble(text: string, at: number): number {
  const negative = text.charCodeAt(at) === 45
  const first = negative ? at + 1 : at
  let i = first
  let value = 0
  let c = text.charCodeAt(i)
  for (; c >= 48 && c <= 57; c = text.charCodeAt(++i)) value = value * 10 + (c - 48)
  let digits = i - first
  if (digits === 0 || (digits > 1 && text.charCodeAt(first) === 48)) return unsure()
  if (c === 46) {
    const point = i
    for (c = text.charCodeAt(++i); c >= 48 && c <= 57; c = text.charCodeAt(++i)) value = value * 10 + (c - 48)
    const decimals = i - point - 1
    digits += decimals
    if (decimals === 0 || digits > 15) return unsure()
    value /= POWERS_OF_TEN[decimals] ?? Number.NaN
  }
  if (digits > 15 || c === 101 || c === 69) return unsure()
  end = i
  return negative ? -value : value
}

const MAX_WORD = 12 // V8 keeps longer pieces as views that hold the whole chunk in memory

/** Plain text up to its closing quote. */
function scanWord(text: string): string | undefined {
  const from = end
  for (let i = from; i <= from + MAX_WORD; i++) {
    const c = text.charCodeAt(i)
    if (c === 34) {
      end = i + 1
      return text.slice(from, i)
    }
    if (!(c >= 32 && c < 127 && c !== 92)) return undefined
  }
  return undefined
}
