import type { DrawnBar, DrawnTrade } from './bar-builder.ts'
import { type Asked, loadBands, loadDeltas, loadTrades, type Span } from './history.ts'
import type { Layer, PriceChart } from './price-chart.ts'
import { TradeTape } from './tape.ts'

/** Of so many trades each is asked for with its side; the largest of them are drawn. */
const MOST_SIDED_TRADES = 4_000
const MOST_KEPT_TRADES = 6_000

/** What lies over the candles and is asked for by itself: volume delta, trades (also in their list), bands. */
export class ChartLayers {
  readonly #chart: PriceChart
  readonly #tape = new TradeTape()
  readonly #shown = new Set<Layer>(['vwap', 'trades', 'delta'])
  #trades: DrawnTrade[] = []
  #decimals = 2

  constructor(chart: PriceChart) {
    this.#chart = chart
  }

  has(layer: Layer): boolean {
    return this.#shown.has(layer)
  }

  set(layer: Layer, isShown: boolean): void {
    if (isShown) this.#shown.add(layer)
    else this.#shown.delete(layer)
    this.#chart.setLayer(layer, isShown)
    if (layer === 'trades' && isShown) this.#chart.setTrades(this.#trades)
  }

  /** Something else is shown; of it nothing is known yet. */
  begin(decimals: number): void {
    this.#trades = []
    this.#decimals = decimals
    this.#tape.show([], decimals)
  }

  /** Over candles that were drawn anew. */
  clear(): void {
    this.#chart.setBands([])
    this.#chart.setTrades([])
    for (const layer of ['vwap', 'bollinger', 'trades', 'delta'] as const) this.#chart.setLayer(layer, this.has(layer))
  }

  /** A trade that came. */
  add(trade: DrawnTrade): void {
    this.#trades.push(trade)
    this.#tape.add(trade)
    if (this.#trades.length > MOST_KEPT_TRADES) this.#trades.splice(0, this.#trades.length - MOST_KEPT_TRADES / 2)
  }

  drawTrades(): void {
    if (this.has('trades')) this.#chart.setTrades(this.#trades)
  }

  /** Of the bars that are drawn. */
  async load(asked: Asked, span: Span, signal: AbortSignal): Promise<void> {
    await Promise.all([
      loadDeltas(asked, span, signal).then((deltas) => this.#chart.setDeltas(deltas)),
      loadTrades(asked, tradesSpan(this.#chart.bars, span), signal).then((trades) => this.#takeBefore(trades)),
      ...(this.has('bollinger') ? [this.loadBands(asked, span, signal)] : []),
    ])
  }

  async loadBands(asked: Asked, span: Span, signal: AbortSignal): Promise<void> {
    this.#chart.setBands(await loadBands(asked, span, signal))
  }

  #takeBefore(trades: readonly DrawnTrade[]): void {
    this.#trades = [...trades, ...this.#trades]
    this.#tape.show(this.#trades, this.#decimals)
    this.drawTrades()
  }
}

/** The end of a range that has not more trades than can be asked for one by one. */
function tradesSpan(bars: readonly DrawnBar[], { fromUs, toUs }: Span): Span {
  let trades = 0
  for (const bar of bars.toReversed()) {
    trades += bar.trades
    if (trades > MOST_SIDED_TRADES) return { fromUs: Math.min(bar.ts, toUs - 1), toUs }
  }
  return { fromUs, toUs }
}
