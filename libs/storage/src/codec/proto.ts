import {
  type BidAskTick,
  EARLIEST_TS_US,
  isTickType,
  type MidPointTick,
  TICK_TYPES,
  type TickMessage,
  type TickType,
  type TradeTick,
  US_PER_DAY,
} from '@ib-stream/model'
import { decodeRecordProtoGeneric, encodeTickProtoGeneric } from './proto-generic.ts'
import { recordAt } from './split-varint.ts'

// Tags as they lie in the file: field number << 3 | wire type. From field 16 on they take two bytes, the second being 1; here they are the varint's value.
const TS = 0x08
const ST = 0x10
const CID = 0x18
const TT = 0x22
const RID = 0x28
const P = 0x51
const S = 0x59
const BP = 0x61
const BS = 0x69
const AP = 0x71
const AS = 0x79
const MP = 0x81
const EX = 0x8a
const SC = 0x92
const BPL = 0xa0
const APH = 0xa8
const UPT = 0xb0
const PL = 0xb8
const BF = 0xc0

const LONGEST_TEXT = 100 // longer ones go to the twin, so that a record always fits MAX_BYTES
const MAX_BYTES = 512
const HEAD = 2 // room for the length in front

// Records are cut from slabs as Node cuts small buffers from its pool: an ArrayBuffer for each would take longer than all the rest.
const SLAB_BYTES = 64 * 1024
let slab = new Uint8Array(SLAB_BYTES)
let slabView = new DataView(slab.buffer)
let slabUsed = 0
let at = 0

/** One record: its length as a varint, then the message, fields in the order of their numbers. The bytes are the caller's; the tick must have passed `checkTick`. */
export function encodeTickProto(tick: TickMessage): Uint8Array {
  if (slabUsed + MAX_BYTES > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES)
    slabView = new DataView(slab.buffer)
    slabUsed = 0
  }
  const start = slabUsed + HEAD
  at = start
  slab[at++] = TS
  putVarint(tick.ts)
  slab[at++] = ST
  putVarint(tick.st)
  slab[at++] = CID
  putVarint(tick.cid)
  putTickType(tick.tt)
  if (tick.rid !== 0) {
    slab[at++] = RID
    putVarint(tick.rid)
  }
  switch (tick.tt) {
    case 'bid_ask':
      putQuote(tick)
      break
    case 'mid_point':
      slab[at++] = MP
      slab[at++] = 1
      putDouble(tick.mp)
      break
    default:
      if (!isPlain(tick.ex) || !isPlain(tick.sc)) return encodeTickProtoGeneric(tick)
      putTrade(tick)
  }
  if (tick.bf) putTrue(BF)
  return framed(start)
}

/** Puts the length in front of what was written from `start` on. */
function framed(start: number): Uint8Array {
  slabUsed = at
  const bytes = at - start
  if (bytes < 0x80) {
    slab[start - 1] = bytes
    return slab.subarray(start - 1, at)
  }
  slab[start - 2] = (bytes & 0x7f) | 0x80
  slab[start - 1] = bytes >>> 7
  return slab.subarray(start - 2, at)
}

function putTickType(tt: TickType): void {
  const field = TT_FIELD[tt]
  for (let i = 0; i < field.length; i++) slab[at++] = field[i] ?? 0
}

const TT_FIELD = Object.fromEntries(TICK_TYPES.map((tt) => [tt, Uint8Array.of(TT, tt.length, ...Buffer.from(tt))])) as Record<
  TickType,
  Uint8Array
>

function putQuote(tick: BidAskTick): void {
  if (tick.bp !== undefined) {
    slab[at++] = BP
    putDouble(tick.bp)
  }
  if (tick.bs !== undefined) {
    slab[at++] = BS
    putDouble(tick.bs)
  }
  if (tick.ap !== undefined) {
    slab[at++] = AP
    putDouble(tick.ap)
  }
  if (tick.as !== undefined) {
    slab[at++] = AS
    putDouble(tick.as)
  }
  if (tick.bpl) putTrue(BPL)
  if (tick.aph) putTrue(APH)
}

function putTrade(tick: TradeTick): void {
  slab[at++] = P
  putDouble(tick.p)
  if (tick.s !== undefined) {
    slab[at++] = S
    putDouble(tick.s)
  }
  if (tick.ex !== undefined) putText(EX, tick.ex)
  if (tick.sc !== undefined) putText(SC, tick.sc)
  if (tick.upt) putTrue(UPT)
  if (tick.pl) putTrue(PL)
}

function putVarint(value: number): void {
  let rest = value
  while (rest > 0x7fffffff) {
    // bit operations are for 32 bits only
    slab[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  while (rest > 0x7f) {
    slab[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  slab[at++] = rest
}

function putDouble(value: number): void {
  slabView.setFloat64(at, value, true)
  at += 8
}

function putTrue(tag: number): void {
  slab[at++] = tag
  slab[at++] = 1
  slab[at++] = 1
}

const PLAIN = /^[\0-\x7f]*$/

const isPlain = (text: string | undefined): boolean => text === undefined || (text.length <= LONGEST_TEXT && PLAIN.test(text))

function putText(tag: number, text: string): void {
  slab[at++] = tag
  slab[at++] = 1
  slab[at++] = text.length
  for (let i = 0; i < text.length; i++) slab[at++] = text.charCodeAt(i)
}

/**
 * The ticks of the whole records at the start of `bytes`; a record that is cut off at the end stays unconsumed.
 * @throws StorageError `IBS_STORAGE_TICK_INVALID` (field, value, rule), `IBS_STORAGE_RECORD_TOO_LONG` for bytes that are no records
 */
export function decodeTicksProto(bytes: Uint8Array): { ticks: TickMessage[]; consumed: number } {
  const view = viewOf(bytes)
  const ticks: TickMessage[] = []
  let consumed = 0
  for (let record = recordAt(bytes, 0); record.end >= 0; record = recordAt(bytes, consumed)) {
    ticks.push(decodeRecordProto(bytes, view, record.start, record.end))
    consumed = record.end
  }
  return { ticks, consumed }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The tick of one record without its length, at bytes[from, to). `view` lies over the same bytes. */
export function decodeRecordProto(bytes: Uint8Array, view: DataView, from: number, to: number): TickMessage {
  return scanRecord(bytes, view, from, to) ?? decodeRecordProtoGeneric(bytes.subarray(from, to))
}

/** Only `ts` and `st` of a record in our order of fields, into {@link recordStamps}; false where it must be decoded to know. */
export function scanStampsProto(bytes: Uint8Array, from: number, to: number): boolean {
  cursor = from
  if (bytes[cursor++] !== TS) return false
  recordStamps.ts = takeVarint(bytes, to)
  if (bytes[cursor++] !== ST) return false
  recordStamps.st = takeVarint(bytes, to)
  return recordStamps.ts >= 0 && recordStamps.st >= 0
}

/** Written by {@link scanStampsProto}. */
export const recordStamps = { ts: 0, st: 0 }

let cursor = 0

function scanRecord(bytes: Uint8Array, view: DataView, from: number, to: number): TickMessage | undefined {
  if (!scanStampsProto(bytes, from, to) || bytes[cursor++] !== CID) return undefined
  const { ts, st } = recordStamps
  const cid = takeVarint(bytes, to)
  if (bytes[cursor++] !== TT) return undefined
  const tt = takeText(bytes, to)
  if (!isTickType(tt)) return undefined
  let rid = 0
  if (cursor < to && bytes[cursor] === RID) {
    cursor++
    rid = takeVarint(bytes, to)
  }
  // comparisons with NaN are false, so a number that was not read ends here too
  if (!(ts >= EARLIEST_TS_US && ts <= st + US_PER_DAY && cid > 0 && cid <= MAX_INT32 && rid <= MAX_INT32)) return undefined
  if (tt === 'bid_ask') return scanQuote({ ts, st, cid, tt, rid }, bytes, view, to)
  if (tt === 'mid_point') return scanMidPoint({ ts, st, cid, tt, rid, mp: Number.NaN }, bytes, view, to)
  return scanTrade({ ts, st, cid, tt, rid, p: Number.NaN }, bytes, view, to)
}

const MAX_INT32 = 2 ** 31 - 1

function scanQuote(tick: BidAskTick, bytes: Uint8Array, view: DataView, to: number): BidAskTick | undefined {
  if (hasDouble(bytes, to, BP)) tick.bp = takeDouble(view)
  if (hasDouble(bytes, to, BS)) tick.bs = takeDouble(view)
  if (hasDouble(bytes, to, AP)) tick.ap = takeDouble(view)
  if (hasDouble(bytes, to, AS)) tick.as = takeDouble(view)
  if (tick.bp === undefined && tick.ap === undefined) return undefined
  if (takeTrue(bytes, to, BPL)) tick.bpl = true
  if (takeTrue(bytes, to, APH)) tick.aph = true
  return scanEnd(tick, bytes, to)
}

function scanMidPoint(tick: MidPointTick, bytes: Uint8Array, view: DataView, to: number): MidPointTick | undefined {
  if (!takeTag(bytes, to, MP) || cursor + 8 > to) return undefined
  tick.mp = takeDouble(view)
  return scanEnd(tick, bytes, to)
}

function scanTrade(tick: TradeTick, bytes: Uint8Array, view: DataView, to: number): TradeTick | undefined {
  if (!hasDouble(bytes, to, P)) return undefined
  tick.p = takeDouble(view)
  if (hasDouble(bytes, to, S)) tick.s = takeDouble(view)
  if (takeTag(bytes, to, EX)) {
    const ex = takeText(bytes, to)
    if (ex === undefined) return undefined
    tick.ex = ex
  }
  if (takeTag(bytes, to, SC)) {
    const sc = takeText(bytes, to)
    if (sc === undefined) return undefined
    tick.sc = sc
  }
  if (takeTrue(bytes, to, UPT)) tick.upt = true
  if (takeTrue(bytes, to, PL)) tick.pl = true
  return scanEnd(tick, bytes, to)
}

/** All bytes must be used up and all numbers finite; anything left over is a field in another order, a double, or one that v3 does not know. */
function scanEnd<Tick extends TickMessage>(tick: Tick, bytes: Uint8Array, to: number): Tick | undefined {
  if (takeTrue(bytes, to, BF)) tick.bf = true
  return cursor === to ? tick : undefined
}

function takeVarint(bytes: Uint8Array, to: number): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 8 && cursor < to; i++) {
    const byte = bytes[cursor++] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN
    scale *= 0x80
  }
  return Number.NaN
}

/** Whether a double with this one-byte tag stands here in full; steps over the tag. */
function hasDouble(bytes: Uint8Array, to: number, tag: number): boolean {
  if (cursor + 9 > to || bytes[cursor] !== tag) return false
  cursor++
  return true
}

/** A number that is not finite moves the cursor beyond every record: nothing after it matches, and the twin says what is wrong. */
function takeDouble(view: DataView): number {
  const value = view.getFloat64(cursor, true)
  cursor = Number.isFinite(value) ? cursor + 8 : Number.MAX_SAFE_INTEGER
  return value
}

function takeTag(bytes: Uint8Array, to: number, tag: number): boolean {
  if (cursor + 2 > to || bytes[cursor] !== tag || bytes[cursor + 1] !== 1) return false
  cursor += 2
  return true
}

function takeTrue(bytes: Uint8Array, to: number, tag: number): boolean {
  if (cursor + 3 > to || bytes[cursor] !== tag || bytes[cursor + 1] !== 1 || bytes[cursor + 2] !== 1) return false
  cursor += 3
  return true
}

/** ASCII of at most {@link LONGEST_TEXT} bytes. */
function takeText(bytes: Uint8Array, to: number): string | undefined {
  const length = bytes[cursor] ?? 0xff
  const from = cursor + 1
  if (length > LONGEST_TEXT || from + length > to) return undefined
  let text = ''
  for (let i = from; i < from + length; i++) {
    const byte = bytes[i] ?? 0xff
    if (byte > 0x7f) return undefined
    text += String.fromCharCode(byte)
  }
  cursor = from + length
  return text
}
