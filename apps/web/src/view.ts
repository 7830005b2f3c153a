import type { Tick } from '@ib-stream/client'
import { BarBuilder, type DrawnBar } from './bar-builder.ts'
import { ChartLayers } from './chart-layers.ts'
import { showCoverage } from './coverage.ts'
import { byId, eachFrame, write } from './dom.ts'
import { loadBars, loadDeltas, type Span } from './history.ts'
import { type Layer, PriceChart } from './price-chart.ts'
import { QuotesPanel } from './quotes-panel.ts'
import { client, explained, repeating } from './session.ts'
import { nowUs, type Shown, type Window } from './shown.ts'

/** Closed bars are held to the API's at most so often. */
const RECONCILE_MS = 5_000
const RECONCILED_BARS = 4
const COVERAGE_EVERY_MS = 60_000
/** What lies before is asked for when so many bars of empty room are seen, and not again for a while. */
const MISSING_MARGIN_BARS = 10
const OLDER_AGAIN_MS = 300

/** What is shown of one contract: it loads history, draws it, and goes on live. One window at a time. */
export class View {
  readonly chart = new PriceChart(byId('chart'))
  readonly quotes = new QuotesPanel(this.chart)
  readonly #layers = new ChartLayers(this.chart)
  readonly #flush = eachFrame(() => this.#draw())
  #stop = new AbortController()
  #shown: Shown | undefined
  #window: Window = { fromUs: 0, toUs: 0 }
  #builder: BarBuilder | undefined
  #changed: DrawnBar[] = []
  #isLoadingOlder = false
  #isReplayed = false
  #reconciledMs = 0
  /** Told where IB refuses the trades of what is shown live. */
  onNoTrades: () => void = () => undefined
  /** Told after each drawing. */
  onDrawn: () => void = () => undefined

  constructor() {
    this.chart.api.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < -MISSING_MARGIN_BARS) void this.#loadOlder()
    })
  }

  get window(): Window {
    return this.#window
  }

  get shown(): Shown | undefined {
    return this.#shown
  }

  /** Shows a window of a contract; the one before is left. Resolves when all of it is drawn. */
  async show(shown: Shown, window: Window): Promise<void> {
    const signal = this.#begin(shown, window)
    const { us: lengthUs } = shown.interval
    const now = nowUs()
    const toUs = window.toUs === undefined ? Math.floor(now / lengthUs) * lengthUs : Math.min(window.toUs, now)
    const span = { fromUs: Math.floor(window.fromUs / lengthUs) * lengthUs, toUs }
    this.#note('Loading …')
    try {
      const bars = span.toUs > span.fromUs ? await loadBars(shown, span, signal) : []
      this.#take(bars, span)
      this.#note(bars.length > 0 || window.toUs === undefined ? undefined : `Nothing was recorded of ${shown.symbol} here.`)
      performance.mark('chart-drawn')
      if (window.toUs === undefined) this.#follow(shown, span, signal)
      if (span.toUs <= span.fromUs) return
      const strip = window.toUs === undefined ? undefined : showCoverage(shown.cid, span, signal)
      await Promise.all([this.#layers.load(shown, span, signal), strip])
      this.onDrawn()
    } catch (error) {
      if (!signal.aborted) this.#note(explained(error))
    }
  }

  /** Begins with bars of the past, for the ticks of a replay, which {@link take} gets. */
  beginReplay(shown: Shown, window: Window, bars: readonly DrawnBar[]): void {
    this.#begin(shown, window)
    this.#isReplayed = true
    this.#take(bars, { fromUs: window.fromUs, toUs: window.toUs ?? 0 }, bars.at(-1))
    this.#note(undefined)
    this.quotes.beginReplay()
  }

  /** The next tick: of what comes live, or of a replay. */
  take(tick: Tick): void {
    const builder = this.#builder
    if (!builder) return
    const before = builder.bar
    const trade = builder.take(tick)
    if (before && builder.bar !== before) this.#changed.push(before)
    if (trade) this.#layers.add(trade)
    this.quotes.take(tick)
    this.#flush()
  }

  setLayer(layer: Layer, isShown: boolean): void {
    this.#layers.set(layer, isShown)
    const { signal } = this.#stop
    if (layer === 'bollinger' && isShown && this.#shown && this.chart.bars.length > 0)
      // before there are bars, they bring the bands with them
      void this.#layers
        .loadBands(this.#shown, this.#spanOfBars(), signal)
        .catch((error: unknown) => signal.aborted || this.#note(explained(error)))
  }

  #begin(shown: Shown, window: Window): AbortSignal {
    this.#stop.abort(new DOMException('something else is shown', 'AbortError'))
    this.#stop = new AbortController()
    this.#shown = shown
    this.#window = window
    this.#builder = undefined
    this.#isReplayed = false
    this.#changed = []
    this.#layers.begin(shown.decimals)
    this.quotes.begin(shown, window, this.#stop.signal)
    return this.#stop.signal
  }

  #take(bars: readonly DrawnBar[], { fromUs }: Span, growing?: DrawnBar): void {
    const shown = this.#shown
    if (!shown) return
    const { interval, of, trades, decimals } = shown
    this.#builder = new BarBuilder({ lengthUs: interval.us, of, trades, bar: growing && { ...growing } })
    this.chart.show(bars, { lengthUs: interval.us, vwapFromUs: fromUs, decimals })
    this.#layers.clear()
    this.chart.api.timeScale().fitContent()
    this.onDrawn()
  }

  /** Goes on live from the end of what is drawn. */
  #follow({ cid, tickTypes }: Shown, { fromUs, toUs }: Span, signal: AbortSignal): void {
    repeating(() => showCoverage(cid, { fromUs, toUs: nowUs() }, signal), COVERAGE_EVERY_MS, signal)
    client
      .watch({
        ...{ contracts: [cid], tickTypes, from: toUs, signal },
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
    if (closed.length > 0) this.#layers.drawTrades()
    if (bar) this.#note(undefined)
    if (closed.length > 0 && this.#window.toUs === undefined) void this.#reconcile()
    this.onDrawn()
  }

  /** Bars that just closed are those of the API: ticks may come late. */
  async #reconcile(): Promise<void> {
    const shown = this.#shown
    const nowMs = performance.now()
    if (!shown || nowMs - this.#reconciledMs < RECONCILE_MS) return
    this.#reconciledMs = nowMs
    const { signal } = this.#stop
    const toUs = this.#builder?.bar?.ts ?? 0
    try {
      this.chart.update(await loadBarsWithDeltas(shown, { fromUs: toUs - RECONCILED_BARS * shown.interval.us, toUs }, signal))
      if (this.#layers.has('bollinger')) await this.#layers.loadBands(shown, this.#spanOfBars(), signal)
    } catch {
      // what is drawn was made of the same ticks; the next bar tries again
    }
  }

  #spanOfBars(): Span {
    const { bars } = this.chart
    return { fromUs: bars[0]?.ts ?? 0, toUs: (bars.at(-1)?.ts ?? 0) + (this.#shown?.interval.us ?? 0) }
  }

  /** What lies before the first bar, when one looks there; a replay begins where it begins. */
  async #loadOlder(): Promise<void> {
    const shown = this.#shown
    if (this.#isLoadingOlder || this.#isReplayed || !shown || this.chart.bars.length === 0) return
    this.#isLoadingOlder = true
    const { signal } = this.#stop
    const { fromUs, toUs } = this.#spanOfBars()
    try {
      const older = await loadBarsWithDeltas(shown, { fromUs: fromUs - (toUs - fromUs), toUs: fromUs }, signal)
      if (older.length === 0) return
      const { interval, decimals } = shown
      this.chart.show([...older, ...this.chart.bars], { lengthUs: interval.us, vwapFromUs: this.#window.fromUs, decimals })
      this.#layers.drawTrades()
    } catch (error) {
      if (!signal.aborted) this.#note(explained(error))
    } finally {
      setTimeout(() => {
        this.#isLoadingOlder = false
      }, OLDER_AGAIN_MS)
    }
  }

  #note(text: string | undefined): void {
    byId('chart-note').hidden = text === undefined
    write(byId('chart-note'), text ?? '')
  }
}

async function loadBarsWithDeltas(shown: Shown, span: Span, signal: AbortSignal): Promise<DrawnBar[]> {
  const [bars, deltas] = await Promise.all([loadBars(shown, span, signal), loadDeltas(shown, span, signal)])
  signal.throwIfAborted() // else they would be drawn among the bars of another contract
  return bars.map((bar) => ({ ...bar, delta: deltas.get(bar.ts) ?? 0 }))
}
