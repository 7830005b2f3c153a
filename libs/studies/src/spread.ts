import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { CLOCKS } from './event-clock.ts'
import { EventStudy, finite, type Pace } from './event-study.ts'
import { Quote } from './market/quote.ts'
import { isTrade, sizeOf } from './market/trade.ts'
import { SpreadSums } from './math/spread-sums.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const SPREAD_PARAMETERS = z.strictObject({
  interval_seconds: PARAMETERS.seconds(1, 60, 'length of the stretches of event time that are summed up'),
  trades: PARAMETERS.trades,
  session: PARAMETERS.session,
  clock: z
    .enum(CLOCKS)
    .default('st')
    .meta({ description: "a tick's time: IB's stamp has whole seconds only, which is too coarse to weight by; ours has µs" }),
})
export type SpreadParameters = z.infer<typeof SPREAD_PARAMETERS>

export type SpreadOutput = StudyRecord<{
  /** The stretch `[ts, end)`, µs UTC. */
  end: number
  session: string | null
  complete: boolean
  /** Ask − bid of two-sided quotes that are not crossed; null where there was none. */
  quoted: { time_weighted: number | null; mean: number | null; min: number | null; max: number | null; last: number | null }
  /** The same / |mid| · 10,000. */
  quoted_bps: { time_weighted: number | null; mean: number | null }
  /** 2 · |p − mid| of trades, weighted by volume. */
  effective: { mean: number | null; trade_count: number }
  /** How long a two-sided, uncrossed quote stood. */
  two_sided_seconds: number
  quote_count: number
  one_sided_count: number
  locked_count: number
  crossed_count: number
  late_ticks: number
}>

/**
 * Quoted and effective spread in stretches of event time (R. Huang, H. Stoll, "Dealer versus auction markets", Journal of Financial Economics 41, 1996).
 * time_weighted = Σ spread·Δt / ΣΔt over the time each quote stood, carried in from the stretch before; mean = over quotes. Effective spread: the
 * quote that stood when the trade arrived. Stretches without a tick give no output.
 */
export class Spread extends EventStudy {
  readonly name = 'spread'
  readonly #intervalUs: number
  readonly #trades: SpreadParameters['trades']
  readonly #quote = new Quote()
  readonly #sums = new SpreadSums()
  #startUs = 0
  #endUs = Number.NEGATIVE_INFINITY
  #sinceUs = 0
  #ticks = 0

  constructor(parameters: SpreadParameters, pace: Pace) {
    super(pace)
    this.#intervalUs = parameters.interval_seconds * US_PER_SECOND
    this.#trades = parameters.trades
  }

  override snapshot(): SpreadOutput | undefined {
    return this.#ticks > 0 ? this.output() : undefined
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === 'bid_ask' || tt === this.#trades
  }

  protected take(tick: TickMessage): boolean {
    this.#moveTo(this.clock.nowUs)
    this.#ticks++
    if (tick.tt === 'bid_ask') {
      this.#quote.take(tick)
      this.#sums.countQuote(this.#quote)
    } else if (tick.tt !== 'mid_point' && isTrade(tick)) this.#sums.countTrade(tick.p, sizeOf(tick), this.#quote)
    return false
  }

  protected output(): SpreadOutput {
    return this.#record(false)
  }

  /** What stands counts up to the last tick: how long it stood after that, nobody knows. */
  protected override endTicks(): void {
    this.#finish(false)
    this.#endUs = Number.NEGATIVE_INFINITY
  }

  protected reset(): void {
    this.#quote.reset()
    this.#sums.forgetQuote()
  }

  #moveTo(nowUs: number): void {
    if (nowUs >= this.#endUs) {
      if (this.#endUs > Number.NEGATIVE_INFINITY) this.#stand(this.#endUs)
      this.#finish(true)
      const originUs = this.clock.sessionStartUs ?? 0
      this.#startUs = originUs + Math.floor((nowUs - originUs) / this.#intervalUs) * this.#intervalUs
      this.#endUs = this.#startUs + this.#intervalUs
      this.#sinceUs = this.#startUs
    }
    this.#stand(nowUs)
  }

  #stand(untilUs: number): void {
    this.#sums.stand(this.#quote, untilUs - this.#sinceUs)
    this.#sinceUs = untilUs
  }

  #finish(isComplete: boolean): void {
    if (this.#ticks > 0) this.emit(this.#record(isComplete && this.hasAllFrom(this.#startUs)))
    this.#ticks = 0
    this.#sums.reset()
  }

  #record(complete: boolean): SpreadOutput {
    const sums = this.#sums
    const standing = sums.standingUs
    return {
      study: this.name,
      cid: this.cid,
      ts: this.#startUs,
      end: complete ? this.#endUs : this.clock.nowUs,
      session: this.clock.session,
      complete,
      quoted: {
        time_weighted: finite(sums.spreadTime / standing),
        mean: finite(sums.spreads / sums.twoSided),
        min: finite(sums.min),
        max: finite(sums.max),
        last: finite(sums.last),
      },
      quoted_bps: { time_weighted: finite((sums.relativeTime / standing) * 1e4), mean: finite((sums.relatives / sums.twoSided) * 1e4) },
      effective: { mean: finite(sums.effective / sums.volume), trade_count: sums.trades },
      two_sided_seconds: standing / US_PER_SECOND,
      quote_count: sums.quotes,
      one_sided_count: sums.oneSided,
      locked_count: sums.locked,
      crossed_count: sums.crossed,
      late_ticks: this.clock.late,
    }
  }
}
