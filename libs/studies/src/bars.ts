import type { TickMessage } from '@ib-stream/model'
import { z } from 'zod'
import type { BarInterval } from './bar-interval.ts'
import { intervalParameter } from './bar-interval.ts'
import { EventStudy, finite, type Pace } from './event-study.ts'
import { Quote } from './market/quote.ts'
import { isTrade, sizeOf } from './market/trade.ts'
import { CompensatedSum } from './math/compensated-sum.ts'
import { PARAMETERS } from './parameters.ts'

export const BAR_PARAMETERS = z.strictObject({
  interval: intervalParameter,
  of: z
    .enum(['trades', 'mid', 'mid_point'])
    .default('trades')
    .meta({ description: 'what open, high, low and close are of: trades, the mid of bid_ask, or IB’s mid_point ticks' }),
  trades: PARAMETERS.trades,
  session: PARAMETERS.session.meta({
    description: 'bars end with each session of these hours, and time bars begin at its start; default none',
  }),
  clock: PARAMETERS.clock,
})
export type BarParameters = z.infer<typeof BAR_PARAMETERS>

/** One bar. */
export const BAR = z.strictObject({
  study: z.literal('bars'),
  cid: z.int(),
  ts: z.int().describe('Its beginning, µs UTC: of its interval for time bars, else of its first tick'),
  end: z.int().describe('Its end likewise: the first moment after its interval, else the time of its last tick'),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number().describe('Units traded (shares, contracts)'),
  vwap: z.number().nullable().describe('null without volume'),
  trade_count: z.int(),
  quote_count: z.int(),
  session: z.string().nullable().describe('Trading date; null where bars do not end with sessions'),
  complete: z.boolean().describe('False where the ticks began after the bar did, or ended before it'),
  late_ticks: z.int().describe('Ticks that came behind event time and were counted at it, since the study began'),
})
export type Bar = z.infer<typeof BAR>

/**
 * Open, high, low, close, volume and VWAP = Σ(p·s)/Σs of time, tick and volume bars.
 *
 * Time bars lie on multiples of their interval since 1970 UTC, or since the start of the session. Tick bars hold n prices. A volume bar ends with the
 * trade that fills it, which is not split. An interval without a price gives no bar, and what else it held (quotes, for bars of trades) is not
 * counted elsewhere.
 */
export class Bars extends EventStudy {
  readonly name = 'bars' as const
  readonly #interval: BarInterval
  readonly #of: BarParameters['of']
  readonly #trades: BarParameters['trades']
  readonly #quote = new Quote()
  readonly #volume = new CompensatedSum()
  readonly #turnover = new CompensatedSum()
  #startUs = Number.NaN
  #endUs = Number.NaN
  #open = Number.NaN
  #high = Number.NaN
  #low = Number.NaN
  #close = Number.NaN
  #prices = 0
  #tradeCount = 0
  #quoteCount = 0

  constructor({ interval, of, trades }: BarParameters, pace: Pace) {
    super(pace)
    this.#interval = interval
    this.#of = of
    this.#trades = trades
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === this.#trades || tt === 'bid_ask' || (tt === 'mid_point' && this.#of === 'mid_point')
  }

  protected take(tick: TickMessage): boolean {
    this.#moveTo(this.clock.nowUs)
    switch (tick.tt) {
      case 'bid_ask':
        this.#quoteCount++
        this.#quote.take(tick)
        if (this.#of === 'mid' && this.#quote.isTwoSided) this.#price(this.#quote.mid)
        break
      case 'mid_point':
        this.#price(tick.mp)
        break
      default:
        if (isTrade(tick)) this.#trade(tick.p, sizeOf(tick))
    }
    if (this.#isFull()) this.#finish(true)
    return false
  }

  override snapshot(): Bar | undefined {
    return this.#prices > 0 ? this.#bar(false) : undefined
  }

  protected output(): Bar {
    return this.#bar(false)
  }

  /** A time bar that a session or the end of the ticks cuts is complete only up to there; one that ends by then is whole. */
  protected override endTicks(untilUs: number): void {
    this.#finish(this.#interval.unit === 'time' && this.clock.name === 'ts' && this.#endUs <= untilUs)
  }

  protected reset(): void {
    this.#quote.reset()
  }

  #moveTo(nowUs: number): void {
    const { unit, length } = this.#interval
    if (unit !== 'time' || nowUs < this.#endUs) return
    this.#finish(true)
    const originUs = this.clock.sessionStartUs ?? 0
    this.#startUs = originUs + Math.floor((nowUs - originUs) / length) * length
    this.#endUs = this.#startUs + length
  }

  /** Bars of ticks and volume reach from the first tick that made them to the last. */
  #stretch(nowUs: number): void {
    if (this.#interval.unit === 'time') return
    if (Number.isNaN(this.#startUs)) this.#startUs = nowUs
    this.#endUs = nowUs
  }

  #trade(price: number, size: number): void {
    this.#stretch(this.clock.nowUs)
    this.#tradeCount++
    this.#volume.add(size)
    this.#turnover.add(price * size)
    if (this.#of === 'trades') this.#price(price)
  }

  #price(price: number): void {
    if (!Number.isFinite(price)) return // a mid of two prices that are finite need not be
    this.#stretch(this.clock.nowUs)
    if (this.#prices === 0) {
      this.#open = price
      this.#high = price
      this.#low = price
    }
    if (price > this.#high) this.#high = price
    if (price < this.#low) this.#low = price
    this.#close = price
    this.#prices++
  }

  #isFull(): boolean {
    const { unit, length } = this.#interval
    if (unit === 'ticks') return this.#prices >= length
    return unit === 'volume' && this.#prices > 0 && this.#volume.value >= length
  }

  #finish(isComplete: boolean): void {
    if (this.#prices > 0) this.emit(this.#bar(isComplete && this.#hasBeginning()))
    this.#startUs = Number.NaN
    this.#endUs = Number.NaN
    this.#open = Number.NaN
    this.#high = Number.NaN
    this.#low = Number.NaN
    this.#close = Number.NaN
    this.#prices = 0
    this.#tradeCount = 0
    this.#quoteCount = 0
    this.#volume.reset()
    this.#turnover.reset()
  }

  /** Bars of ticks and volume begin with the first tick there is. */
  #hasBeginning(): boolean {
    return this.#interval.unit !== 'time' || this.hasAllFrom(this.#startUs)
  }

  #bar(complete: boolean): Bar {
    const volume = this.#volume.value
    return {
      study: this.name,
      cid: this.cid,
      ts: finite(this.#startUs) ?? this.clock.nowUs,
      end: finite(this.#endUs) ?? this.clock.nowUs,
      open: this.#open,
      high: this.#high,
      low: this.#low,
      close: this.#close,
      volume,
      vwap: volume > 0 ? finite(this.#turnover.value / volume) : null,
      trade_count: this.#tradeCount,
      quote_count: this.#quoteCount,
      session: this.clock.session,
      complete,
      late_ticks: this.clock.late,
    }
  }
}
