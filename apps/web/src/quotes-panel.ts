import type { Tick } from '@ib-stream/client'
import { byId, write } from './dom.ts'
import { loadMid, loadNewestQuotes, loadQuotes, QuoteReader } from './history.ts'
import type { PriceChart } from './price-chart.ts'
import { type QuotePoint, QuotesChart } from './quotes-chart.ts'
import { explained } from './session.ts'
import { nowUs, type Shown, type Window } from './shown.ts'

const US_PER_SECOND = 1_000_000
const NEWEST_US = 120 * US_PER_SECOND
const NEWEST_SECONDS = NEWEST_US / US_PER_SECOND
/** So long the chart has to stand still before its quotes are asked for. */
const SETTLE_MS = 300

/** Quotes below the chart: those of what the chart shows, or the newest ones and each that comes. */
export class QuotesPanel {
  readonly chart = new QuotesChart(byId('quotes'))
  readonly #prices: PriceChart
  #shown: Shown | undefined
  #window: Window = { fromUs: 0, toUs: 0 }
  #signal = AbortSignal.abort()
  #reader = new QuoteReader()
  #isReplayed = false
  #isLive = false
  /** Receive time of the newest one that was asked for, s: the connection may still be on its way to there. */
  #loadedUntil = 0
  /** Points that came while the newest quotes were asked for; undefined: they are not asked for. */
  #since: QuotePoint[] | undefined
  #settle: ReturnType<typeof setTimeout> | undefined

  constructor(prices: PriceChart) {
    this.#prices = prices
    prices.api.timeScale().subscribeVisibleLogicalRangeChange(() => {
      clearTimeout(this.#settle)
      this.#settle = setTimeout(() => void this.#show(), SETTLE_MS)
    })
  }

  /** @param signal aborts when something else is shown */
  begin(shown: Shown, window: Window, signal: AbortSignal): void {
    this.#shown = shown
    this.#window = window
    this.#signal = signal
    this.#reader = new QuoteReader()
    this.#isReplayed = false
    this.#isLive = false
    this.#since = undefined
  }

  /** From now on it shows nothing but what {@link take} gets. */
  beginReplay(): void {
    this.#isReplayed = true
    this.chart.showRaw([], { decimals: this.#shown?.decimals ?? 2, windowSeconds: NEWEST_SECONDS })
  }

  take(tick: Tick): void {
    const point = this.#reader.pointOf(tick)
    if (!point) return
    this.#since?.push(point)
    if (this.#isReplayed || (this.#isLive && point.at > this.#loadedUntil)) this.chart.add(point)
  }

  async #show(): Promise<void> {
    const shown = this.#shown
    if (!shown || this.#isReplayed) return
    const signal = this.#signal
    try {
      if (this.#window.toUs === undefined && this.#prices.isAtEnd) await this.#showNewest(shown, signal)
      else await this.#showSeen(shown, signal)
    } catch (error) {
      if (!signal.aborted) note(explained(error) ?? '')
    }
  }

  async #showSeen(shown: Shown, signal: AbortSignal): Promise<void> {
    this.#isLive = false
    const seen = this.#prices.visibleUs
    if (!seen) return
    const { decimals } = shown
    const span = { fromUs: seen.fromUs, toUs: Math.min(seen.toUs, nowUs()) }
    if (span.toUs <= span.fromUs) return
    const points = await loadQuotes(shown, span, signal)
    if (points) {
      this.chart.showRaw(points, { decimals })
      return note(`${points.length} quotes and trades`)
    }
    this.chart.showMid(await loadMid(shown, span, signal), { decimals })
    note('mid with its lowest and highest; zoom in for each quote')
  }

  async #showNewest(shown: Shown, signal: AbortSignal): Promise<void> {
    if (this.#isLive || this.#since) return
    const since: QuotePoint[] = []
    this.#since = since
    const now = nowUs()
    try {
      const points = await loadNewestQuotes(shown, { fromUs: now - NEWEST_US, toUs: now + US_PER_SECOND }, signal)
      if (signal.aborted) return
      this.#loadedUntil = points.at(-1)?.at ?? 0
      this.chart.showRaw([...points, ...since.filter(({ at }) => at > this.#loadedUntil)], {
        decimals: shown.decimals,
        windowSeconds: NEWEST_SECONDS,
      })
      this.#isLive = true
      note('each quote of the last 2 minutes')
    } finally {
      if (this.#since === since) this.#since = undefined
    }
  }
}

const note = (text: string): void => write(byId('quotes-note'), text)
