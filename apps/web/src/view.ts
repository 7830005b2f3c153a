import type { Tick, TickType } from '@ib-stream/client'
import { BarBuilder, type DrawnBar, type DrawnTrade } from './bar-builder.ts'
import { drawCoverage, noCoverage } from './coverage.ts'
import { byId, eachFrame, write } from './dom.ts'
import {
  type Asked,
  loadBands,
  loadBars,
  loadDeltas,
  loadMid,
  loadNewestQuotes,
  loadQuotes,
  loadTrades,
  QuoteReader,
  type Span,
} from './history.ts'
import { type Layer, PriceChart } from './price-chart.ts'
import { type QuotePoint, QuotesChart } from './quotes-chart.ts'
import { client, explained } from './session.ts'
import { TradeTape } from './tape.ts'

export interface Window {
  fromUs: number
  /** undefined: now, and what comes. */
  toUs: number | undefined
}

export interface Shown extends Asked {
  /** What is asked for live. */
  tickTypes: readonly TickType[]
  symbol: string
  decimals: number
}

const US_PER_SECOND = 1_000_000
const LIVE_QUOTES_US = 120 * US_PER_SECOND
/** Of so many trades each is asked for with its side; the largest of them are drawn. */
const MOST_SIDED_TRADES = 4_000
const SETTLE_MS = 300
/** Closed bars are held to the API's at most so often. */
const RECONCILE_MS = 5_000
const RECONCILED_BARS = 4
const MOST_KEPT_TRADES = 6_000
const MISSING_MARGIN_BARS = 10

/** What is shown of one contract: it loads history, draws it, and goes on live. One window at a time. */
export class View {
  readonly chart = new PriceChart(byId('chart'))
  readonly quotes = new QuotesChart(byId('quotes'))
  readonly tape = new TradeTape()
  readonly layers = new Set<Layer>(['vwap', 'trades', 'delta'])
  readonly #flush = eachFrame(() => this.#draw())
  #stop = new AbortController()
  #shown: Shown | undefined
  #window: Window = { fromUs: 0, toUs: 0 }
  #builder: BarBuilder | undefined
  #changed: DrawnBar[] = []
  #trades: DrawnTrade[] = []
  #reader = new QuoteReader()
  #settle: ReturnType<typeof setTimeout> | undefined
  #isLoadingOlder = false
  #reconciledMs = 0
  /** Points that came while the newest quotes were asked for; undefined: they are not asked for. */
  #since: QuotePoint[] | undefined
  #areQuotesLive = false
  /** Told where IB refuses the trades of what is shown live. */
  onNoTrades: () => void = () => undefined
  /** Told after each drawing. */
  onDrawn: () => void = () => undefined

  constructor() {
    this.chart.api.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < -MISSING_MARGIN_BARS) void this.#loadOlder()
      clearTimeout(this.#settle)
      this.#settle = setTimeout(() => void this.#showQuotes(), SETTLE_MS)
    })
  }

  get window(): Window {
    return this.#window
  }

  get shown(): Shown | undefined {
    return this.#shown
  }

  /** Shows a window of a contract; the one before is left. Resolves when its candles are drawn. */
  async show(shown: Shown, window: Window): Promise<void> {
    const signal = this.#begin(shown, window)
    const { fromUs } = window
    const nowUs = Date.now() * 1_000
    const toUs = window.toUs === undefined ? Math.floor(nowUs / shown.interval.us) * shown.interval.us : Math.min(window.toUs, nowUs)
    const span = { fromUs: Math.floor(fromUs / shown.interval.us) * shown.interval.us, toUs }
    this.#note('Loading …')
    try {
      const bars = span.toUs > span.fromUs ? await loadBars(shown, span, signal) : []
      this.#take(bars, span)
      this.#note(bars.length > 0 || window.toUs === undefined ? undefined : `Nothing was recorded of ${shown.symbol} here.`)
      performance.mark('chart-drawn')
      if (window.toUs === undefined) this.#follow(span.toUs, signal)
      await this.#loadLayers(span, signal)
    } catch (error) {
      if (!signal.aborted) this.#note(explained(error))
    }
  }

  /** Begins with bars of the past, for ticks that {@link take} gets. */
  begin(shown: Shown, window: Window, bars: readonly DrawnBar[]): AbortSignal {
    const signal = this.#begin(shown, window)
    this.#take(bars, { fromUs: window.fromUs, toUs: window.toUs ?? 0 }, bars.at(-1))
    this.#note(undefined)
    this.quotes.showRaw([], { decimals: shown.decimals, windowSeconds: LIVE_QUOTES_US / US_PER_SECOND })
    return signal
  }

  /** The next tick: of what comes live, or of a replay. */
  take(tick: Tick): void {
    const builder = this.#builder
    if (!builder) return
    const before = builder.bar
    const trade = builder.take(tick)
    if (before && builder.bar !== before) this.#changed.push(before)
    if (trade) {
      this.#trades.push(trade)
      this.tape.add(trade)
      if (this.#trades.length > MOST_KEPT_TRADES) this.#trades.splice(0, this.#trades.length - MOST_KEPT_TRADES / 2)
    }
    const point = this.#reader.pointOf(tick)
    if (point) this.#since?.push(point)
    if (point && (this.#areQuotesLive || this.#window.toUs !== undefined)) this.quotes.add(point)
    this.#flush()
  }

  setLayer(layer: Layer, isShown: boolean): void {
    if (isShown) this.layers.add(layer)
    else this.layers.delete(layer)
    this.chart.setLayer(layer, isShown)
    if (layer === 'trades' && isShown) this.chart.setTrades(this.#trades)
    const { signal } = this.#stop
    if (layer === 'bollinger' && isShown && this.chart.bars.length > 0)
      // before there are bars, they bring the bands with them
      void this.#showBands(this.#spanOfBars(), signal).catch((error: unknown) => signal.aborted || this.#note(explained(error)))
  }

  #begin(shown: Shown, window: Window): AbortSignal {
    this.#stop.abort(new DOMException('something else is shown', 'AbortError'))
    this.#stop = new AbortController()
    this.#shown = shown
    this.#window = window
    this.#builder = undefined
    this.#changed = []
    this.#trades = []
    this.#areQuotesLive = false
    this.#since = undefined
    this.#reader = new QuoteReader()
    this.tape.show([], shown.decimals)
    return this.#stop.signal
  }

  #take(bars: readonly DrawnBar[], { fromUs }: Span, growing?: DrawnBar): void {
    const shown = this.#shown
    if (!shown) return
    const { interval, of, trades, decimals } = shown
    this.#builder = new BarBuilder({ lengthUs: interval.us, of, trades, bar: growing && { ...growing } })
    this.chart.show(bars, { lengthUs: interval.us, vwapFromUs: fromUs, decimals })
    this.chart.setBands([])
    this.chart.setTrades([])
    for (const layer of ['vwap', 'bollinger', 'trades', 'delta'] as const) this.chart.setLayer(layer, this.layers.has(layer))
    this.chart.api.timeScale().fitContent()
    this.onDrawn()
  }

  #follow(fromUs: number, signal: AbortSignal): void {
    const shown = this.#shown
    if (!shown) return
    const { cid, tickTypes } = shown
    client
      .watch({
        ...{ contracts: [cid], tickTypes, from: fromUs, signal },
        onTick: (tick) => this.take(tick),
        onEvent: (event) => event.name === 'info' && this.#hear(event.data),
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#note(explained(error))
      })
  }

  /** What keeps ticks from coming is worth a word where there are none. */
  #hear({ status, tick_types: types, reason }: { status: string; tick_types: readonly string[]; reason?: string }): void {
    const { bars } = this.chart
    if (bars.length > 0 || reason === undefined || status === 'recording') return
    this.#note(reason)
    if (status === 'refused' && this.#shown?.of === 'trades' && types.includes(this.#shown.trades)) this.onNoTrades()
  }

  #draw(): void {
    const bar = this.#builder?.bar
    const closed = this.#changed.splice(0)
    this.chart.update(bar ? [...closed, bar] : closed)
    if (closed.length > 0 && this.layers.has('trades')) this.chart.setTrades(this.#trades)
    if (bar) this.#note(undefined)
    if (closed.length > 0 && this.#window.toUs === undefined) void this.#reconcile()
    this.onDrawn()
  }

  async #loadLayers(span: Span, signal: AbortSignal): Promise<void> {
    const shown = this.#shown
    if (!shown || span.toUs <= span.fromUs) return
    const sided = tradesSpan(this.chart.bars, span)
    const each = [
      loadDeltas(shown, span, signal).then((deltas) => this.chart.setDeltas(deltas)),
      loadTrades(shown, sided, signal).then((trades) => this.#withTrades(trades)),
      ...(this.layers.has('bollinger') ? [this.#showBands(span, signal)] : []),
      this.#showCoverage(span, signal),
    ]
    await Promise.all(each)
    this.onDrawn()
  }

  #withTrades(trades: readonly DrawnTrade[]): void {
    this.#trades = [...trades, ...this.#trades]
    this.tape.show(this.#trades, this.#shown?.decimals ?? 2)
    if (this.layers.has('trades')) this.chart.setTrades(this.#trades)
  }

  async #showBands(span: Span, signal: AbortSignal): Promise<void> {
    if (this.#shown) this.chart.setBands(await loadBands(this.#shown, span, signal))
  }

  async #showCoverage(span: Span, signal: AbortSignal): Promise<void> {
    if (!this.#shown) return
    const { cid } = this.#shown
    try {
      const schedule = client.get('/v3/contracts/{cid}/schedule', { path: { cid }, query: { days: 1 }, signal }).catch(() => undefined)
      const range = { start_time: String(span.fromUs), end_time: String(span.toUs), hours: 'always' as const }
      const coverage = await client.get('/v3/coverage/{cid}', { path: { cid }, query: range, signal })
      drawCoverage(span, coverage, await schedule)
    } catch (error) {
      if (!signal.aborted) noCoverage(explained(error) ?? '')
    }
  }

  /** Bars that just closed are those of the API: ticks may come late. */
  async #reconcile(): Promise<void> {
    const shown = this.#shown
    const nowMs = performance.now()
    if (!shown || nowMs - this.#reconciledMs < RECONCILE_MS) return
    this.#reconciledMs = nowMs
    const { signal } = this.#stop
    const toUs = this.#builder?.bar?.ts ?? 0
    const span = { fromUs: toUs - RECONCILED_BARS * shown.interval.us, toUs }
    try {
      const [bars, deltas] = await Promise.all([loadBars(shown, span, signal), loadDeltas(shown, span, signal)])
      this.chart.update(bars.map((bar) => ({ ...bar, delta: deltas.get(bar.ts) ?? 0 })))
      if (this.layers.has('bollinger')) await this.#showBands(this.#spanOfBars(), signal)
    } catch {
      // what is drawn was made of the same ticks; the next bar tries again
    }
  }

  #spanOfBars(): Span {
    const { bars } = this.chart
    return { fromUs: bars[0]?.ts ?? 0, toUs: (bars.at(-1)?.ts ?? 0) + (this.#shown?.interval.us ?? 0) }
  }

  /** What lies before the first bar, when one looks there. */
  async #loadOlder(): Promise<void> {
    const shown = this.#shown
    const [first] = this.chart.bars
    if (this.#isLoadingOlder || !shown || !first) return
    this.#isLoadingOlder = true
    const { signal } = this.#stop
    const lengthUs = (this.chart.bars.at(-1)?.ts ?? 0) - first.ts + shown.interval.us
    const span = { fromUs: first.ts - lengthUs, toUs: first.ts }
    try {
      const [bars, deltas] = await Promise.all([loadBars(shown, span, signal), loadDeltas(shown, span, signal)])
      if (bars.length === 0) return
      const older = bars.map((bar) => ({ ...bar, delta: deltas.get(bar.ts) ?? 0 }))
      this.chart.show([...older, ...this.chart.bars], {
        lengthUs: shown.interval.us,
        vwapFromUs: this.#window.fromUs,
        decimals: shown.decimals,
      })
      if (this.layers.has('trades')) this.chart.setTrades(this.#trades)
    } catch (error) {
      if (!signal.aborted) this.#note(explained(error))
    } finally {
      setTimeout(() => {
        this.#isLoadingOlder = false
      }, SETTLE_MS)
    }
  }

  async #showQuotes(): Promise<void> {
    const shown = this.#shown
    const visible = this.chart.visibleUs
    if (!shown || byId('replay-bar').hidden === false) return
    const { signal } = this.#stop
    const { decimals } = shown
    try {
      if (this.#window.toUs === undefined && this.chart.isAtEnd) return await this.#showNewestQuotes(shown, signal)
      this.#areQuotesLive = false
      if (!visible) return
      const span = { fromUs: visible.fromUs, toUs: Math.min(visible.toUs, Date.now() * 1_000) }
      if (span.toUs <= span.fromUs) return
      const points = await loadQuotes(shown, span, signal)
      if (points) {
        this.quotes.showRaw(points, { decimals })
        return write(byId('quotes-note'), `${points.length} quotes and trades`)
      }
      this.quotes.showMid(await loadMid(shown, span, signal), { decimals })
      write(byId('quotes-note'), 'mid with its lowest and highest; zoom in for each quote')
    } catch (error) {
      if (!signal.aborted) write(byId('quotes-note'), explained(error) ?? '')
    }
  }

  async #showNewestQuotes(shown: Shown, signal: AbortSignal): Promise<void> {
    if (this.#areQuotesLive || this.#since) return
    const since: QuotePoint[] = []
    this.#since = since
    const nowUs = Date.now() * 1_000
    try {
      const points = await loadNewestQuotes(shown, { fromUs: nowUs - LIVE_QUOTES_US, toUs: nowUs + US_PER_SECOND }, signal)
      const newest = points.at(-1)?.at ?? 0
      this.quotes.showRaw([...points, ...since.filter(({ at }) => at > newest)], {
        decimals: shown.decimals,
        windowSeconds: LIVE_QUOTES_US / US_PER_SECOND,
      })
      this.#areQuotesLive = true
      write(byId('quotes-note'), 'each quote of the last 2 minutes')
    } finally {
      if (this.#since === since) this.#since = undefined
    }
  }

  #note(text: string | undefined): void {
    byId('chart-note').hidden = text === undefined
    write(byId('chart-note'), text ?? '')
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
