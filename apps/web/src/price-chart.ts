import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts'
import type { DrawnBar, DrawnTrade } from './bar-builder.ts'
import { clockTime, dateTime } from './format.ts'
import { colour, onTheme } from './theme.ts'

export type Layer = 'vwap' | 'bollinger' | 'trades' | 'delta'

/** Upper, middle and lower band at a moment, µs UTC. */
export interface Band {
  ts: number
  upper: number
  middle: number
  lower: number
}

const US_PER_SECOND = 1_000_000
const MOST_TRADES = 80
const LOWER_PANE = 1
const LOWER_SHARE = 0.24

const secondsOf = (us: number): UTCTimestamp => (us / US_PER_SECOND) as UTCTimestamp

/** The chart of prices: candles with VWAP, bands and trades, and below them volume and its delta. What it is given, it draws; it asks for nothing. */
export class PriceChart {
  readonly api: IChartApi
  readonly #candles: ISeriesApi<'Candlestick'>
  readonly #volume: ISeriesApi<'Histogram'>
  readonly #delta: ISeriesApi<'Histogram'>
  readonly #vwap: ISeriesApi<'Line'>
  readonly #bands: readonly ISeriesApi<'Line'>[]
  readonly #markers: ISeriesMarkersPluginApi<Time>
  #trades: readonly DrawnTrade[] = []
  #lengthUs = 60 * US_PER_SECOND
  #vwapFromUs = 0
  #bars: DrawnBar[] = []
  /** Of all bars before the last one: how many, and Σ of those that VWAP counts. The last one changes many times a second, they do not. */
  #beforeLast = { bars: 0, turnover: 0, volume: 0 }

  constructor(container: HTMLElement) {
    this.api = createChart(container, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily },
      rightPriceScale: { minimumWidth: 76 },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.2, maxBarSpacing: 18 },
      crosshair: { mode: 0 },
      localization: { timeFormatter: (time: Time) => dateTime(Number(time) * US_PER_SECOND) },
    })
    this.#volume = this.api.addSeries(
      HistogramSeries,
      { priceFormat: { type: 'volume' }, priceLineVisible: false, lastValueVisible: false },
      LOWER_PANE,
    )
    this.#delta = this.api.addSeries(
      HistogramSeries,
      { priceFormat: { type: 'volume' }, priceLineVisible: false, lastValueVisible: false },
      LOWER_PANE,
    )
    this.#candles = this.api.addSeries(CandlestickSeries, { borderVisible: false })
    const line = { lineWidth: 1, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false } as const
    this.#bands = [0, 1, 2].map((i) => this.api.addSeries(LineSeries, { ...line, lineStyle: i === 1 ? 2 : 0, visible: false }))
    this.#vwap = this.api.addSeries(LineSeries, { ...line, lineWidth: 2 })
    this.#markers = createSeriesMarkers(this.#candles, [], { zOrder: 'top' })
    const [upper, lower] = this.api.panes()
    upper?.setStretchFactor(1 - LOWER_SHARE)
    lower?.setStretchFactor(LOWER_SHARE)
    onTheme(() => this.#paint())
    this.#paint()
  }

  /** Everything anew. @param options.vwapFromUs VWAP counts from this bar on; `options.decimals` of prices */
  show(bars: readonly DrawnBar[], options: { lengthUs: number; vwapFromUs: number; decimals: number }): void {
    const { lengthUs, vwapFromUs, decimals } = options
    this.#lengthUs = lengthUs
    this.#vwapFromUs = vwapFromUs
    this.#bars = [...bars]
    const priceFormat = { type: 'price', precision: decimals, minMove: 10 ** -decimals } as const
    for (const series of [this.#candles, this.#vwap, ...this.#bands]) series.applyOptions({ priceFormat })
    this.api.applyOptions({ timeScale: { secondsVisible: lengthUs < 60 * US_PER_SECOND } })
    this.#drawAll()
  }

  /** All that there is now. */
  get bars(): readonly DrawnBar[] {
    return this.#bars
  }

  /** Bars that are new, or differ from what was drawn: the last ones, in their order. */
  update(changed: readonly DrawnBar[]): void {
    for (const bar of changed) {
      const at = this.#bars.findLastIndex(({ ts }) => ts <= bar.ts)
      if (this.#bars[at]?.ts === bar.ts) this.#bars[at] = bar
      else this.#bars.splice(at + 1, 0, bar)
      if (at < this.#bars.length - 2) return this.#drawAll() // not at the end: rare, and the library draws it only as a whole
    }
    for (const bar of changed) {
      this.#candles.update(candle(bar))
      this.#volume.update({ time: secondsOf(bar.ts), value: bar.volume, color: colour('line-strong') })
      this.#delta.update(this.#deltaOf(bar))
    }
    if (changed.length > 1 || this.#beforeLast.bars !== this.#bars.length - 1) this.#countBeforeLast()
    const point = this.#vwapOfLast()
    if (point) this.#vwap.update(point)
  }

  setDeltas(byBar: ReadonlyMap<number, number>): void {
    this.#bars = this.#bars.map((bar) => ({ ...bar, delta: byBar.get(bar.ts) ?? bar.delta }))
    this.#delta.setData(this.#bars.map((bar) => this.#deltaOf(bar)))
  }

  setBands(bands: readonly Band[]): void {
    const onBars = new Map(bands.map((band) => [Math.floor(band.ts / this.#lengthUs) * this.#lengthUs, band]))
    const sorted = [...onBars].sort(([a], [b]) => a - b)
    for (const [i, key] of (['upper', 'middle', 'lower'] as const).entries())
      this.#bands[i]?.setData(sorted.map(([ts, band]) => ({ time: secondsOf(ts), value: band[key] })))
  }

  /** The largest of them are drawn, coloured by who crossed the spread. */
  setTrades(trades: readonly DrawnTrade[]): void {
    this.#trades = trades
    const largest = [...trades].sort((a, b) => b.size - a.size).slice(0, MOST_TRADES)
    const most = largest[0]?.size ?? 1
    const colours = { 1: colour('up'), [-1]: colour('down'), 0: colour('muted') }
    const [first, last] = [this.#bars[0]?.ts ?? 0, this.#bars.at(-1)?.ts ?? 0]
    const markers = largest
      .map(({ ts, price, size, side }): SeriesMarker<Time> & { time: UTCTimestamp } => ({
        time: secondsOf(Math.floor(ts / this.#lengthUs) * this.#lengthUs),
        position: 'atPriceMiddle',
        price,
        shape: 'circle',
        color: colours[side],
        size: 0.2 + 0.8 * Math.sqrt(size / Math.max(most, 1)),
      }))
      .filter(({ time }) => time >= secondsOf(first) && time <= secondsOf(last))
    this.#markers.setMarkers(markers.sort((a, b) => a.time - b.time))
  }

  setLayer(layer: Layer, isShown: boolean): void {
    if (layer === 'vwap') this.#vwap.applyOptions({ visible: isShown })
    if (layer === 'delta') this.#delta.applyOptions({ visible: isShown })
    if (layer === 'bollinger') for (const band of this.#bands) band.applyOptions({ visible: isShown })
    if (layer === 'trades' && !isShown) this.setTrades([])
  }

  /** What is seen, µs UTC; undefined: nothing. */
  get visibleUs(): { fromUs: number; toUs: number } | undefined {
    const range = this.api.timeScale().getVisibleRange()
    return range ? { fromUs: Number(range.from) * US_PER_SECOND, toUs: Number(range.to) * US_PER_SECOND + this.#lengthUs } : undefined
  }

  /** Is its newest bar seen? */
  get isAtEnd(): boolean {
    return this.api.timeScale().scrollPosition() >= -1
  }

  /** What the library was given, for tests. */
  drawn() {
    return {
      bars: this.#candles.data(),
      volume: this.#volume.data(),
      delta: this.#delta.data(),
      vwap: this.#vwap.data(),
      bands: this.#bands.map((band) => band.data()),
      trades: this.#markers.markers().length,
    }
  }

  /** In words, of the bar under a moment or of the last one. */
  barAt(time: Time | undefined): DrawnBar | undefined {
    if (time === undefined) return this.#bars.at(-1)
    return this.#bars.find(({ ts }) => ts === Number(time) * US_PER_SECOND)
  }

  #drawAll(): void {
    this.#candles.setData(this.#bars.map(candle))
    this.#volume.setData(this.#bars.map(({ ts, volume }) => ({ time: secondsOf(ts), value: volume, color: colour('line-strong') })))
    this.#delta.setData(this.#bars.map((bar) => this.#deltaOf(bar)))
    this.#vwap.setData(this.#vwapLine())
    this.#countBeforeLast()
  }

  #countBeforeLast(): void {
    const counted = this.#bars.slice(0, -1).filter(({ ts }) => ts >= this.#vwapFromUs)
    const sum = (key: 'turnover' | 'volume') => counted.reduce((total, bar) => total + bar[key], 0)
    this.#beforeLast = { bars: this.#bars.length - 1, turnover: sum('turnover'), volume: sum('volume') }
  }

  #vwapOfLast(): { time: UTCTimestamp; value: number } | undefined {
    const last = this.#bars.at(-1)
    if (!last || last.ts < this.#vwapFromUs) return undefined
    const volume = this.#beforeLast.volume + last.volume
    return volume > 0 ? { time: secondsOf(last.ts), value: (this.#beforeLast.turnover + last.turnover) / volume } : undefined
  }

  /** VWAP = Σ(p·s)/Σs since its beginning, at each bar that has had volume by then. */
  #vwapLine(): { time: UTCTimestamp; value: number }[] {
    let [turnover, volume] = [0, 0]
    return this.#bars.flatMap((bar) => {
      if (bar.ts < this.#vwapFromUs) return []
      turnover += bar.turnover
      volume += bar.volume
      return volume > 0 ? [{ time: secondsOf(bar.ts), value: turnover / volume }] : []
    })
  }

  #deltaOf({ ts, delta = 0 }: DrawnBar) {
    return { time: secondsOf(ts), value: delta, color: colour(delta >= 0 ? 'up' : 'down') }
  }

  #paint(): void {
    const [text, line, grid, up, down] = [colour('muted'), colour('line'), colour('grid'), colour('up'), colour('down')]
    this.api.applyOptions({
      layout: { background: { color: colour('panel') }, textColor: text, panes: { separatorColor: line, separatorHoverColor: line } },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
      crosshair: {
        vertLine: { color: colour('line-strong'), labelBackgroundColor: text },
        horzLine: { color: colour('line-strong'), labelBackgroundColor: text },
      },
    })
    this.#candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down })
    this.#vwap.applyOptions({ color: colour('vwap') })
    for (const band of this.#bands) band.applyOptions({ color: colour('band') })
    this.#drawAll()
    this.setTrades(this.#trades)
  }
}

const candle = ({ ts, open, high, low, close }: DrawnBar) => ({ time: secondsOf(ts), open, high, low, close })

/** What the legend says of a bar. */
export const barWords = (bar: DrawnBar, decimals: number): [string, string][] => [
  ['', clockTime(bar.ts)],
  ['O', bar.open.toFixed(decimals)],
  ['H', bar.high.toFixed(decimals)],
  ['L', bar.low.toFixed(decimals)],
  ['C', bar.close.toFixed(decimals)],
]
