import uPlot from 'uplot'
import type { DrawnBar } from './bar-builder.ts'
import { eachFrame } from './dom.ts'
import { exactTime } from './format.ts'
import { colour, onTheme } from './theme.ts'

/** One quote or trade of the panel. `at` is its receive time in s since 1970: IB's stamps are whole seconds. */
export interface QuotePoint {
  at: number
  bid?: number | undefined
  ask?: number | undefined
  buy?: number | undefined
  sell?: number | undefined
  other?: number | undefined
}

/** Beyond it the panel would be slower than it is of use. */
export const MOST_POINTS = 10_000
const AXIS_WIDTH = 76

type Columns = [number[], ...(number | null | undefined)[][]]

/** Every quote as it is, with the trades among them; of more than can be seen the mid with its lowest and highest. */
export class QuotesChart {
  readonly #container: HTMLElement
  readonly #redraw = eachFrame(() => this.#draw())
  #plot: uPlot | undefined
  #mode: 'raw' | 'mid' = 'raw'
  #data: Columns = [[]]
  #decimals = 2
  /** Seconds that are seen of what keeps coming; undefined: all. */
  #windowSeconds: number | undefined

  constructor(container: HTMLElement) {
    this.#container = container
    new ResizeObserver(() => this.#resize()).observe(container)
    onTheme(() => this.#rebuild())
  }

  /** @param options.windowSeconds of what keeps coming so much is seen */
  showRaw(points: readonly QuotePoint[], options: { decimals: number; windowSeconds?: number | undefined }): void {
    this.#begin('raw', options)
    const column = (key: 'bid' | 'ask' | 'buy' | 'sell' | 'other') => points.map((point) => point[key])
    this.#data = [points.map(({ at }) => at), column('bid'), column('ask'), column('buy'), column('sell'), column('other')]
    this.#rebuild()
  }

  showMid(bars: readonly DrawnBar[], options: { decimals: number }): void {
    this.#begin('mid', options)
    const at = bars.map(({ ts }) => ts / 1_000_000)
    this.#data = [at, bars.map(({ high }) => high), bars.map(({ low }) => low), bars.map(({ close }) => close)]
    this.#rebuild()
  }

  /** One more, of what keeps coming. */
  add(point: QuotePoint): void {
    if (this.#mode !== 'raw') return
    const [at, bid, ask, buy, sell, other] = this.#data
    if (!bid || !ask || !buy || !sell || !other) return
    at.push(Math.max(point.at, at.at(-1) ?? 0))
    bid.push(point.bid)
    ask.push(point.ask)
    buy.push(point.buy)
    sell.push(point.sell)
    other.push(point.other)
    const oldest = this.#windowSeconds === undefined ? 0 : point.at - this.#windowSeconds
    if (at.length > 1.2 * MOST_POINTS || (at[200] ?? Number.POSITIVE_INFINITY) < oldest)
      for (const column of this.#data) column.splice(0, 200)
    this.#redraw()
  }

  /** What was given to the library, for tests. */
  drawn() {
    return { mode: this.#mode, columns: this.#data }
  }

  #begin(mode: 'raw' | 'mid', { decimals, windowSeconds }: { decimals: number; windowSeconds?: number | undefined }): void {
    this.#mode = mode
    this.#decimals = decimals
    this.#windowSeconds = windowSeconds
  }

  #draw(): void {
    this.#plot?.setData(this.#data as uPlot.AlignedData)
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#container
    if (width > 0 && height > 0) this.#plot?.setSize({ width, height })
  }

  #rebuild(): void {
    this.#plot?.destroy()
    const { clientWidth: width, clientHeight: height } = this.#container
    this.#plot = new uPlot(this.#options(Math.max(width, 50), Math.max(height, 50)), this.#data as uPlot.AlignedData, this.#container)
  }

  #options(width: number, height: number): uPlot.Options {
    const axis = {
      stroke: colour('muted'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('line'), width: 1, size: 4 },
      font: '11px system-ui, sans-serif',
    }
    return {
      width,
      height,
      pxAlign: true,
      legend: { show: false },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      padding: [8, 0, 0, 28],
      scales: { x: { time: true, range: (_plot, min, max) => this.#rangeOf(min, max) } },
      axes: [
        { ...axis, size: 24, gap: 3, space: 70, values: (_plot, splits) => splits.map((at) => this.#label(at)) },
        { ...axis, side: 1, size: AXIS_WIDTH, gap: 4, values: (_plot, splits) => splits.map((value) => value.toFixed(this.#decimals)) },
      ],
      series: [{}, ...(this.#mode === 'raw' ? this.#rawSeries() : this.#midSeries())],
      ...(this.#mode === 'mid' ? { bands: [{ series: [1, 2], fill: colour('accent-soft') }] } : {}),
    }
  }

  #rangeOf(min: number, max: number): [number, number] {
    if (this.#windowSeconds !== undefined) return [max - this.#windowSeconds, max]
    return min === max ? [min - 1, max + 1] : [min, max]
  }

  #label(at: number): string {
    const text = exactTime(at * 1_000_000)
    return Number.isInteger(at) ? text.slice(0, 8) : text.slice(0, 10)
  }

  #rawSeries(): uPlot.Series[] {
    const stepped = uPlot.paths.stepped?.({ align: 1 })
    const line = (stroke: string): uPlot.Series => ({
      stroke,
      width: 1.2,
      spanGaps: true,
      points: { show: false },
      ...(stepped ? { paths: stepped } : {}),
    })
    const dots = (fill: string): uPlot.Series => ({
      stroke: fill,
      width: 0,
      paths: () => null,
      points: { show: true, size: 5, fill, stroke: fill, width: 0 },
    })
    return [line(colour('up')), line(colour('down')), dots(colour('up')), dots(colour('down')), dots(colour('muted'))]
  }

  #midSeries(): uPlot.Series[] {
    const edge: uPlot.Series = { stroke: colour('line-strong'), width: 0.5, points: { show: false } }
    return [edge, edge, { stroke: colour('accent'), width: 1.2, points: { show: false } }]
  }
}
