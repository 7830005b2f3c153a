/** The four kinds of tick that IB sends tick by tick; their place here is their rank in the query order. */
export const TICK_TYPES = ['bid_ask', 'last', 'all_last', 'mid_point'] as const
export type TickType = (typeof TICK_TYPES)[number]

export const isTickType = (value: unknown): value is TickType => TICK_TYPES.includes(value as TickType)

interface Core {
  /** IB's stamp, µs UTC (whole seconds from tick-by-tick). */
  ts: number
  /** Our stamp at the socket read, µs UTC; never repeats within one recording. */
  st: number
  /** IB contract id. */
  cid: number
  /** Request id: {@link hash31} of cid and tt. */
  rid: number
  /** Filled from IB's history, not heard live. */
  bf?: true
}

export interface BidAskTick extends Core {
  tt: 'bid_ask'
  /** Bid price and size; IB leaves a side unset when there is none. */
  bp?: number
  bs?: number
  /** Ask price and size. */
  ap?: number
  as?: number
  /** Bid past low, ask past high. */
  bpl?: true
  aph?: true
}

export interface TradeTick extends Core {
  tt: 'last' | 'all_last'
  /** Price and size (shares, contracts; may have decimals). */
  p: number
  s?: number
  /** Exchange and special conditions as IB spells them. */
  ex?: string
  sc?: string
  /** Unreported; past limit. */
  upt?: true
  pl?: true
}

export interface MidPointTick extends Core {
  tt: 'mid_point'
  mp: number
}

/** One tick, format v3: flat, keys in the order of {@link FIELDS}; absent or false optional fields are left out, 0 is kept. */
export type TickMessage = BidAskTick | TradeTick | MidPointTick

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
