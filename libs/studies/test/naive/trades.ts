import type { BidAskTick, TickMessage, TradeTick } from '@ib-stream/model'

/** The obvious way, over arrays: what the incremental studies are held to. Sums run over whole windows, again for each trade. */
export interface NaiveTrade {
  at: number
  price: number
  size: number
  side: number
  basis: 'bid' | 'ask' | 'inside' | 'crossed' | 'tick'
}

export const tradesOf = (ticks: readonly TickMessage[]): TradeTick[] => ticks.filter((tick): tick is TradeTick => tick.tt === 'last')
export const quotesOf = (ticks: readonly TickMessage[]): BidAskTick[] => ticks.filter((tick): tick is BidAskTick => tick.tt === 'bid_ask')

/** Signed by the quote rule. */
export function signedTrades(ticks: readonly TickMessage[]): NaiveTrade[] {
  const trades: NaiveTrade[] = []
  let standing: BidAskTick | undefined
  for (const tick of ticks) {
    if (tick.tt === 'bid_ask') standing = tick
    if (tick.tt === 'last' && tick.s) trades.push({ at: tick.ts, price: tick.p, size: tick.s, ...sign(tick.p, standing, trades.at(-1)) })
  }
  return trades
}

function sign(price: number, quote: BidAskTick | undefined, before: NaiveTrade | undefined): Pick<NaiveTrade, 'side' | 'basis'> {
  if (quote?.bp === undefined || quote.ap === undefined) return { side: before ? Math.sign(price - before.price) : 0, basis: 'tick' }
  if (quote.bp >= quote.ap) return { side: price >= (quote.bp + quote.ap) / 2 ? 1 : -1, basis: 'crossed' }
  if (price >= quote.ap) return { side: 1, basis: 'ask' }
  return price <= quote.bp ? { side: -1, basis: 'bid' } : { side: 0, basis: 'inside' }
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Every `step`-th trade with its place and the trades of its window, `(at − seconds, at]`; 0 seconds: all up to it. */
export function windows<T extends { at: number }>(trades: readonly T[], seconds: number, step = 1) {
  const found: { i: number; trade: T; window: readonly T[] }[] = []
  let first = 0
  for (const [i, trade] of trades.entries()) {
    while (seconds > 0 && (trades[first] as T).at <= trade.at - seconds * 1e6) first++
    if (i % step === 0) found.push({ i, trade, window: trades.slice(first, i + 1) })
  }
  return found
}

/** Equal to 1e-9, relative to the bigger of both or absolute below 1. */
export function expectClose(got: number | null, wanted: number, what: string): void {
  if (got === null || !(Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(got), Math.abs(wanted))))
    throw new Error(`${what}: got ${got}, the naive model has ${wanted}`)
}
