import { type BidAskTick, TICK_TYPES, type TickMessage, type TickType, type TradeTick } from '@ib-stream/model'
import { encodeTickProtoGeneric } from './proto-generic.ts'

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

// Records are cut from slabs as Node cuts small buffers from its pool: an ArrayBuffer for each would take longer than all the rest. What was given out is never written again.
const SLAB_BYTES = 64 * 1024
let slab = new Uint8Array(SLAB_BYTES)
let slabView = new DataView(slab.buffer)
let slabUsed = 0
let at = 0

/** One record: its length as a varint, then the message, fields in the order of their numbers. The bytes are the caller's; the tick must have passed `checkTick`. */
export function encodeTickProto(tick: TickMessage): Uint8Array {
  const first = reserve(slabUsed, MAX_BYTES)
  if (!putRecord(tick)) return encodeTickProtoGeneric(tick)
  return slab.subarray(first, slabUsed)
}

/** Records of ticks, one behind the other; the bytes are the caller's. The ticks must have passed `checkTick`. */
export function encodeTicksProto(ticks: readonly TickMessage[]): Uint8Array {
  let first = slabUsed
  for (const tick of ticks) {
    first = reserve(first, MAX_BYTES)
    if (putRecord(tick)) continue
    const record = encodeTickProtoGeneric(tick)
    first = reserve(first, record.length)
    slab.set(record, slabUsed)
    slabUsed += record.length
  }
  return slab.subarray(first, slabUsed)
}

/** Makes room behind what is used; where that takes a new slab, what was written from `first` on moves there. @returns where it begins now */
function reserve(first: number, bytes: number): number {
  if (slabUsed + bytes <= slab.length) return first
  const held = slab.subarray(first, slabUsed)
  slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (held.length + bytes)))
  slabView = new DataView(slab.buffer)
  slab.set(held)
  slabUsed = held.length
  return 0
}

/** False, and nothing written, where a text is not plain. */
function putRecord(tick: TickMessage): boolean {
  const start = slabUsed + 1
  at = start
  if (!putMessage(tick)) return false
  const bytes = at - start
  if (bytes < 0x80) slab[start - 1] = bytes
  else {
    slab.copyWithin(start + 1, start, at) // its length takes two bytes
    slab[start - 1] = (bytes & 0x7f) | 0x80
    slab[start] = bytes >>> 7
    at++
  }
  slabUsed = at
  return true
}

function putMessage(tick: TickMessage): boolean {
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
      if (!isPlain(tick.ex) || !isPlain(tick.sc)) return false
      putTrade(tick)
  }
  if (tick.bf) putTrue(BF)
  return true
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
