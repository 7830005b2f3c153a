import { type BidAskTick, TICK_TYPES, type TickMessage, type TickType, type TradeTick } from '@ib-stream/model'
import { CORE_BITS, FIELD_BIT, type TickColumns } from './columns.ts'

// Keys are set by name, in wire order: an object that is filled by computed keys takes several times as long.

/** The tick of one row. */
export function tickOfRow(columns: TickColumns, row: number): TickMessage {
  const bits = columns.fields[row] as number
  const tt = TICK_TYPES[columns.tt[row] as number] as TickType
  const tick =
    tt === 'bid_ask' ? quoteOf(columns, row, bits) : tt === 'mid_point' ? midPointOf(columns, row) : tradeOf(columns, row, bits, tt)
  if ((bits & FIELD_BIT.bf) !== 0) tick.bf = true
  return tick
}

/** Nearly every quote has both sides and no flag. */
const FULL_QUOTE = CORE_BITS | FIELD_BIT.bp | FIELD_BIT.bs | FIELD_BIT.ap | FIELD_BIT.as

function quoteOf(columns: TickColumns, row: number, bits: number): BidAskTick {
  const { bp, bs, ap, as } = columns
  const core = coreOf(columns, row, 'bid_ask')
  if (bits === FULL_QUOTE) return { ...core, bp: bp[row] as number, bs: bs[row] as number, ap: ap[row] as number, as: as[row] as number }
  const tick: BidAskTick = core
  if ((bits & FIELD_BIT.bp) !== 0) tick.bp = bp[row] as number
  if ((bits & FIELD_BIT.bs) !== 0) tick.bs = bs[row] as number
  if ((bits & FIELD_BIT.ap) !== 0) tick.ap = ap[row] as number
  if ((bits & FIELD_BIT.as) !== 0) tick.as = as[row] as number
  if ((bits & FIELD_BIT.bpl) !== 0) tick.bpl = true
  if ((bits & FIELD_BIT.aph) !== 0) tick.aph = true
  return tick
}

function tradeOf(columns: TickColumns, row: number, bits: number, tt: TradeTick['tt']): TradeTick {
  const tick: TradeTick = { ...coreOf(columns, row, tt), p: columns.p[row] as number }
  if ((bits & FIELD_BIT.s) !== 0) tick.s = columns.s[row] as number
  if ((bits & FIELD_BIT.ex) !== 0) tick.ex = columns.ex[row] as string
  if ((bits & FIELD_BIT.sc) !== 0) tick.sc = columns.sc[row] as string
  if ((bits & FIELD_BIT.upt) !== 0) tick.upt = true
  if ((bits & FIELD_BIT.pl) !== 0) tick.pl = true
  return tick
}

const midPointOf = (columns: TickColumns, row: number): TickMessage => ({
  ...coreOf(columns, row, 'mid_point'),
  mp: columns.mp[row] as number,
})

const coreOf = <Type extends TickType>({ ts, st, cid, rid }: TickColumns, row: number, tt: Type) => ({
  ts: ts[row] as number,
  st: st[row] as number,
  cid: cid[row] as number,
  tt,
  rid: rid[row] as number,
})
