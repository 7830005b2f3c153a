/** The four kinds of tick-by-tick data, by their names in the v3 format. */
export const TICK_KINDS = ['bid_ask', 'last', 'all_last', 'mid_point'] as const

/** One of TICK_KINDS. */
export type TickKind = (typeof TICK_KINDS)[number]

/** A trade. `undefined` is what IB leaves unset. */
export interface TradeTick {
  readonly kind: 'last' | 'all_last'
  readonly conId: number
  /** IB's stamp: µs of a whole second. */
  readonly tsUs: number
  readonly price: number | undefined
  readonly size: number | undefined
  readonly pastLimit: boolean
  readonly unreported: boolean
  readonly exchange: string
  readonly conditions: string
}

/** A quote; a side may be unset. */
export interface QuoteTick {
  readonly kind: 'bid_ask'
  readonly conId: number
  readonly tsUs: number
  readonly bid: number | undefined
  readonly bidSize: number | undefined
  readonly ask: number | undefined
  readonly askSize: number | undefined
  readonly bidPastLow: boolean
  readonly askPastHigh: boolean
}

/** The middle of bid and ask. */
export interface MidTick {
  readonly kind: 'mid_point'
  readonly conId: number
  readonly tsUs: number
  readonly mid: number
}

/** What a market source gives and a subscription receives. */
export type Tick = TradeTick | QuoteTick | MidTick
