import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { EventStudy, finite, type Pace } from './event-study.ts'
import { BandTouches } from './market/band-touches.ts'
import { isTrade, sizeOf } from './market/trade.ts'
import { Moments } from './math/moments.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const BOLLINGER_PARAMETERS = z.strictObject({
  period_seconds: PARAMETERS.seconds(1, 1_200, 'length of the sliding window in event time'),
  std_dev: PARAMETERS.stdDev(1),
  min_trades: PARAMETERS.minTrades(2, 10),
  trades: PARAMETERS.trades,
  session: PARAMETERS.session,
  clock: PARAMETERS.clock,
  every_seconds: PARAMETERS.everySeconds(0),
})
export type BollingerParameters = z.infer<typeof BOLLINGER_PARAMETERS>

export type BollingerPosition = 'above_upper' | 'below_lower' | 'above_sma' | 'below_sma' | 'at_sma'

export type BollingerOutput = StudyRecord<{
  session: string | null
  current_trade: { price: number; size: number }
  bands: {
    sma: number
    upper_band: number
    lower_band: number
    std_dev: number
    band_width: number
    band_width_percent: number | null
    is_squeeze: boolean
  }
  analysis: {
    percent_b: number
    band_position: BollingerPosition
    distance_from_sma: number
    distance_from_upper_band: number
    distance_from_lower_band: number
  }
  summary: {
    period_seconds: number
    trade_count: number
    band_touches: { upper: number; lower: number }
    total_band_touches: number
    mean_reversion_signals: number
    volatility_regime: 'low' | 'normal' | 'high'
  }
}>

/** Bands narrower than this are a squeeze (low volatility), wider than the second are high; % of the middle. */
const SQUEEZE_PERCENT = 1
const WIDE_PERCENT = 3

/**
 * Bollinger bands over the trades of a sliding time window: simple mean of prices ± k population standard deviations (J. Bollinger, "Bollinger on
 * Bollinger Bands", 2001). percent_b = (p − lower) / (upper − lower), 0.5 where the bands are equal. A mean reversion is counted when the price comes
 * back from beyond a band to the mean. No output below min_trades.
 */
export class Bollinger extends EventStudy {
  readonly name = 'bollinger'
  readonly #parameters: BollingerParameters
  readonly #moments: Moments
  readonly #touches = new BandTouches()
  #price = 0
  #size = 0
  #tradeUs = 0
  #away: 'up' | 'down' | undefined
  #reversions = 0

  constructor(parameters: BollingerParameters, pace: Pace) {
    super(pace)
    this.#parameters = parameters
    this.#moments = new Moments(parameters.period_seconds * US_PER_SECOND)
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === this.#parameters.trades
  }

  protected take(tick: TickMessage): boolean {
    if (tick.tt === 'bid_ask' || tick.tt === 'mid_point' || !isTrade(tick)) return false
    this.#price = tick.p
    this.#size = sizeOf(tick)
    this.#tradeUs = this.clock.tsUs
    this.#moments.push(this.clock.nowUs, 1, tick.p)
    if (!this.#hasBands()) return false
    const { mean, half } = this.#band()
    this.#touches.see(tick.p, mean - half, mean + half)
    this.#followReversion(tick.p, mean, half)
    return true
  }

  override snapshot(): BollingerOutput | undefined {
    return this.#hasBands() ? this.output() : undefined
  }

  protected output(): BollingerOutput {
    const { mean, half } = this.#band()
    const [lower, upper, price] = [mean - half, mean + half, this.#price]
    const widthPercent = finite((2 * half * 100) / Math.abs(mean))
    return {
      study: this.name,
      cid: this.cid,
      ts: this.#tradeUs,
      session: this.clock.session,
      current_trade: { price, size: this.#size },
      bands: {
        sma: mean,
        upper_band: upper,
        lower_band: lower,
        std_dev: half / this.#parameters.std_dev,
        band_width: 2 * half,
        band_width_percent: widthPercent,
        is_squeeze: widthPercent !== null && widthPercent < SQUEEZE_PERCENT,
      },
      analysis: {
        percent_b: upper > lower ? (price - lower) / (upper - lower) : 0.5,
        band_position: position(price, mean, half),
        distance_from_sma: price - mean,
        distance_from_upper_band: price - upper,
        distance_from_lower_band: price - lower,
      },
      summary: this.#summary(widthPercent ?? 0),
    }
  }

  protected reset(): void {
    this.#moments.reset()
    this.#touches.reset()
    this.#away = undefined
    this.#reversions = 0
  }

  #hasBands(): boolean {
    return this.#moments.count >= this.#parameters.min_trades
  }

  #band(): { mean: number; half: number } {
    return { mean: this.#moments.mean, half: Math.sqrt(this.#moments.variance) * this.#parameters.std_dev }
  }

  #followReversion(price: number, mean: number, half: number): void {
    if ((this.#away === 'up' && price <= mean) || (this.#away === 'down' && price >= mean)) {
      this.#reversions++
      this.#away = undefined
    }
    if (price > mean + half) this.#away = 'up'
    if (price < mean - half) this.#away = 'down'
  }

  #summary(widthPercent: number): BollingerOutput['summary'] {
    const { upper, lower } = this.#touches
    return {
      period_seconds: this.#parameters.period_seconds,
      trade_count: this.#moments.count,
      band_touches: { upper, lower },
      total_band_touches: upper + lower,
      mean_reversion_signals: this.#reversions,
      volatility_regime: widthPercent < SQUEEZE_PERCENT ? 'low' : widthPercent > WIDE_PERCENT ? 'high' : 'normal',
    }
  }
}

function position(price: number, mean: number, half: number): BollingerPosition {
  if (price > mean + half) return 'above_upper'
  if (price < mean - half) return 'below_lower'
  if (price > mean) return 'above_sma'
  return price < mean ? 'below_sma' : 'at_sma'
}
