import type { Bar, Tick } from '@ib-stream/client'
import { type Side, sideOf } from './aggressor.ts'
import { sideOfQuote } from './quote.ts'

/** A bar as it is drawn. */
export interface DrawnBar {
  /** Beginning, µs UTC. */
  ts: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  /** Σ price·size. */
  turnover: number
  /** Volume of buyers minus that of sellers; undefined: not known. */
  delta: number | undefined
  trades: number
}

export const drawnBar = ({ ts, open, high, low, close, volume, vwap, trade_count: trades }: Bar): DrawnBar => ({
  ts,
  open,
  high,
  low,
  close,
  volume,
  turnover: (vwap ?? 0) * volume,
  delta: undefined,
  trades,
})

export interface DrawnTrade {
  /** µs UTC. */
  ts: number
  price: number
  size: number
  side: Side
}

/** Bars out of ticks as they come, by the same rules as the API's (docs/reference/studies.md): time bars on multiples of their length since 1970. */
export class BarBuilder {
  readonly #lengthUs: number
  readonly #of: 'trades' | 'mid'
  readonly #trades: 'last' | 'all_last'
  #bid: number | undefined
  #ask: number | undefined
  #before: number | undefined
  #nowUs = 0
  /** The bar that grows; undefined: nothing has come. */
  bar: DrawnBar | undefined

  constructor(options: { lengthUs: number; of: 'trades' | 'mid'; trades: 'last' | 'all_last'; bar?: DrawnBar | undefined }) {
    this.#lengthUs = options.lengthUs
    this.#of = options.of
    this.#trades = options.trades
    this.bar = options.bar
  }

  /** @returns the trade, where it is one */
  take(tick: Tick): DrawnTrade | undefined {
    if (tick.ts > this.#nowUs) this.#nowUs = tick.ts
    if (tick.tt === 'bid_ask') {
      const [bid, ask] = [sideOfQuote(tick.bp, tick.bs), sideOfQuote(tick.ap, tick.as)]
      this.#bid = bid
      this.#ask = ask
      if (this.#of === 'mid' && bid !== undefined && ask !== undefined) this.#price((bid + ask) / 2)
      return undefined
    }
    if (tick.tt !== this.#trades || (tick.p === 0 && (tick.s ?? 0) === 0)) return undefined
    const { p, s = 0 } = tick
    const side = sideOf(p, { bid: this.#bid, ask: this.#ask, before: this.#before })
    if (s > 0) this.#before = p // what has no size tells of no side, here as in the studies
    if (this.#of === 'trades') this.#price(p)
    const bar = this.#current()
    if (bar) {
      bar.volume += s
      bar.turnover += p * s
      bar.delta = (bar.delta ?? 0) + side * s
      bar.trades += 1
    }
    return { ts: tick.ts, price: p, size: s, side }
  }

  #price(price: number): void {
    const bar = this.#current()
    if (!bar) {
      const ts = Math.floor(this.#nowUs / this.#lengthUs) * this.#lengthUs
      this.bar = { ts, open: price, high: price, low: price, close: price, volume: 0, turnover: 0, delta: 0, trades: 0 }
      return
    }
    bar.high = Math.max(bar.high, price)
    bar.low = Math.min(bar.low, price)
    bar.close = price
  }

  /** The bar of this moment; a bar begins with its first price. */
  #current(): DrawnBar | undefined {
    return this.bar && this.#nowUs < this.bar.ts + this.#lengthUs ? this.bar : undefined
  }
}
