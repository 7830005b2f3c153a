import * as z from 'zod'
import { EARLIEST_TS_US, US_PER_DAY } from './time.ts'

/** The four kinds of tick that IB sends tick by tick; their place here is their rank in the query order. */
export const TICK_TYPES = ['bid_ask', 'last', 'all_last', 'mid_point'] as const
export type TickType = (typeof TICK_TYPES)[number]

export const isTickType = (value: unknown): value is TickType => TICK_TYPES.includes(value as TickType)

const MAX_INT32 = 2 ** 31 - 1

/** Prices and sizes (shares, contracts; may have decimals): any finite number, 0 and −1 as IB sends them. */
const double = z.number()
const optionalDouble = double.exactOptional()
const text = z.string().exactOptional()
/** A flag that is false is left out. */
const flag = z.literal(true).exactOptional()

/** −0, which JSON can spell, becomes 0: columns of whole numbers do not have it. */
const whole = z
  .int()
  .min(0)
  .overwrite((value) => value + 0)

const core = {
  /** IB's stamp, µs UTC (whole seconds from tick-by-tick). */
  ts: z.int().min(EARLIEST_TS_US).describe('stamp of IB, µs since 1970-01-01 UTC'),
  /** Our stamp at the socket read, µs UTC; never repeats within one recording. */
  st: whole.describe('receive time, µs since 1970-01-01 UTC'),
  /** IB contract id. */
  cid: z.int().min(1).max(MAX_INT32).describe('IB contract id'),
  /** Request id: {@link hash31} of cid and tt. */
  rid: whole.max(MAX_INT32).describe('request id, computed from cid and tt'),
  /** Filled from IB's history, not heard live. */
  bf: flag.describe('filled in later from IB history'),
}

const bidAsk = z.strictObject({
  ...core,
  tt: z.literal('bid_ask'),
  /** Bid price and size; IB leaves a side unset when there is none. */
  bp: optionalDouble.describe('bid price'),
  bs: optionalDouble.describe('bid size'),
  /** Ask price and size. */
  ap: optionalDouble.describe('ask price'),
  as: optionalDouble.describe('ask size'),
  /** Bid past low, ask past high. */
  bpl: flag.describe('bid past low'),
  aph: flag.describe('ask past high'),
})

const trade = z.strictObject({
  ...core,
  tt: z.enum(['last', 'all_last']),
  /** Price and size (shares, contracts; may have decimals). */
  p: double.describe('price'),
  s: optionalDouble.describe('size'),
  /** Exchange and special conditions as IB spells them. */
  ex: text.describe('exchange'),
  sc: text.describe('special conditions'),
  /** Unreported; past limit. */
  upt: flag.describe('unreported'),
  pl: flag.describe('past limit'),
})

const midPoint = z.strictObject({ ...core, tt: z.literal('mid_point'), mp: double.describe('mid point') })

/**
 * One tick, format v3: flat, absent or false optional fields left out, 0 kept. The TypeScript types below are read off this schema. Where every tick passes,
 * use `checkTick`: the same rules, many times as fast, and also for values that spell out a flag that is false; a property test holds the two equal.
 */
export const tickSchema = z
  .discriminatedUnion('tt', [bidAsk, trade, midPoint])
  .refine(({ ts, st }) => ts <= st + US_PER_DAY, { path: ['ts'], error: 'not more than a day ahead of st' })
  .refine((tick) => tick.tt !== 'bid_ask' || tick.bp !== undefined || tick.ap !== undefined, {
    path: ['bp'],
    error: 'a bid_ask has a bid or an ask',
  })

export type BidAskTick = z.output<typeof bidAsk>
export type TradeTick = z.output<typeof trade>
export type MidPointTick = z.output<typeof midPoint>

/** One tick, format v3; keys in the order of {@link FIELDS}. */
export type TickMessage = z.output<typeof tickSchema>

export interface Field {
  key: string
  /** Field number in `proto/tick_message.proto`. */
  number: number
  type: 'int' | 'string' | 'double' | 'bool'
  /** Tick types that may carry it; none named: all, and it is one of the five core fields (except `bf`). */
  in?: readonly TickType[]
  optional?: true
}

const TRADES = ['last', 'all_last'] as const
const QUOTES = ['bid_ask'] as const

/** Every field in wire order. The codecs' generic twins and the validator are driven by this table. */
export const FIELDS: readonly Field[] = [
  { key: 'ts', number: 1, type: 'int' },
  { key: 'st', number: 2, type: 'int' },
  { key: 'cid', number: 3, type: 'int' },
  { key: 'tt', number: 4, type: 'string' },
  { key: 'rid', number: 5, type: 'int' },
  { key: 'p', number: 10, type: 'double', in: TRADES, optional: true },
  { key: 's', number: 11, type: 'double', in: TRADES, optional: true },
  { key: 'bp', number: 12, type: 'double', in: QUOTES, optional: true },
  { key: 'bs', number: 13, type: 'double', in: QUOTES, optional: true },
  { key: 'ap', number: 14, type: 'double', in: QUOTES, optional: true },
  { key: 'as', number: 15, type: 'double', in: QUOTES, optional: true },
  { key: 'mp', number: 16, type: 'double', in: ['mid_point'], optional: true },
  { key: 'ex', number: 17, type: 'string', in: TRADES, optional: true },
  { key: 'sc', number: 18, type: 'string', in: TRADES, optional: true },
  { key: 'bpl', number: 20, type: 'bool', in: QUOTES, optional: true },
  { key: 'aph', number: 21, type: 'bool', in: QUOTES, optional: true },
  { key: 'upt', number: 22, type: 'bool', in: TRADES, optional: true },
  { key: 'pl', number: 23, type: 'bool', in: TRADES, optional: true },
  { key: 'bf', number: 24, type: 'bool', optional: true },
]

/** Compares by the query order: ts, st, cid, tick type; equal ticks keep their place in the file. */
export function compareTicks(a: TickMessage, b: TickMessage): number {
  return a.ts - b.ts || a.st - b.st || a.cid - b.cid || TICK_TYPES.indexOf(a.tt) - TICK_TYPES.indexOf(b.tt)
}
