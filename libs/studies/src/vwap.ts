import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { EventStudy, finite, type Pace } from './event-study.ts'
import { BandTouches } from './market/band-touches.ts'
import { isTrade, sizeOf } from './market/trade.ts'
import { Moments } from './math/moments.ts'
import { SquaredReturns } from './math/squared-returns.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const VWAP_PARAMETERS = z.strictObject({
  window_seconds: PARAMETERS.windowSeconds(0),
  std_dev: PARAMETERS.stdDev(3),
  min_trades: PARAMETERS.minTrades(2, 3),
  weight: z
    .enum(['volume', 'trades'])
    .default('volume')
    .meta({ description: 'what the deviation of the bands is weighted by: volume, or each trade alike (as the older system did)' }),
  trades: PARAMETERS.trades,
  session: PARAMETERS.session,
  clock: PARAMETERS.clock,
  every_seconds: PARAMETERS.everySeconds(0),
})
export type VwapParameters = z.infer<typeof VWAP_PARAMETERS>

export type VwapPosition = 'above_upper' | 'below_lower' | 'above_vwap' | 'below_vwap' | 'at_vwap'

export type VwapOutput = StudyRecord<{
  session: string | null
  current_trade: { price: number; size: number }
  /** Null where there is no trade in the window; bands null below min_trades. */
  vwap: {
    value: number | null
    upper_band: number | null
    lower_band: number | null
    realized_volatility: number | null
    band_position: VwapPosition | null
    distance_from_vwap: number | null
    distance_from_upper_band: number | null
    distance_from_lower_band: number | null
  }
  summary: {
    window_seconds: number
    trade_count: number
    total_volume: number
    /** Start of the session, µs UTC; of the first trade where sessions are not known. */
    session_start: number
    band_width: number | null
    band_width_percent: number | null
    avg_trade_size: number | null
    band_touches: { upper: number; lower: number }
    total_band_touches: number
  }
}>

/**
 * Volume-weighted average price: Σ(p·s)/Σs over a sliding window or since the session's start, with bands at ± k standard deviations.
 *
 * Deviation weighted by volume: √(Σ s(p − vwap)² / Σs); by trades: √(Σ (p − p̄)² / n), both of the population. realized_volatility = √Σ r², with
 * r = ln(pᵢ/pᵢ₋₁) of following trades in the window: the realized volatility of that stretch, not annualised (T. Andersen, T. Bollerslev, "Answering
 * the Skeptics", International Economic Review 39(4), 1998). Prices at or below 0 have no return. Trades without size are left out.
 */
export class Vwap extends EventStudy {
  readonly name = 'vwap'
  readonly #parameters: VwapParameters
  readonly #byVolume: Moments
  readonly #byTrades: Moments | undefined
  readonly #returns: SquaredReturns
  readonly #touches = new BandTouches()
  #price = 0
  #size = 0
  #tradeUs = 0
  #firstUs = 0

  constructor(parameters: VwapParameters, pace: Pace) {
    super(pace)
    this.#parameters = parameters
    const windowUs = parameters.window_seconds * US_PER_SECOND
    this.#byVolume = new Moments(windowUs)
    this.#byTrades = parameters.weight === 'trades' ? new Moments(windowUs) : undefined
    this.#returns = new SquaredReturns(windowUs)
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === this.#parameters.trades
  }

  protected take(tick: TickMessage): boolean {
    if (tick.tt === 'bid_ask' || tick.tt === 'mid_point' || !isTrade(tick)) return false
    const size = sizeOf(tick)
    if (size === 0) return false
    const nowUs = this.clock.nowUs
    this.#price = tick.p
    this.#size = size
    this.#tradeUs = this.clock.tsUs
    if (this.#byVolume.count === 0 && this.#firstUs === 0) this.#firstUs = this.clock.tsUs
    this.#byVolume.push(nowUs, size, tick.p)
    this.#byTrades?.push(nowUs, 1, tick.p)
    this.#returns.push(nowUs, tick.p)
    const half = this.#halfWidth()
    if (!Number.isNaN(half)) this.#touches.see(tick.p, this.#byVolume.mean - half, this.#byVolume.mean + half)
    return true
  }

  protected output(): VwapOutput {
    const [value, half] = [this.#byVolume.mean, this.#halfWidth()]
    return {
      study: this.name,
      cid: this.cid,
      ts: this.#tradeUs,
      session: this.clock.session,
      current_trade: { price: this.#price, size: this.#size },
      vwap: this.#figures(value, half),
      summary: this.#summary(value, half),
    }
  }

  protected reset(): void {
    this.#byVolume.reset()
    this.#byTrades?.reset()
    this.#returns.reset()
    this.#touches.reset()
    this.#firstUs = 0
  }

  /** k standard deviations; NaN below min_trades. */
  #halfWidth(): number {
    const moments = this.#byTrades ?? this.#byVolume
    return moments.count < this.#parameters.min_trades ? Number.NaN : Math.sqrt(moments.variance) * this.#parameters.std_dev
  }

  #figures(value: number, half: number): VwapOutput['vwap'] {
    const price = this.#price
    return {
      value: finite(value),
      upper_band: finite(value + half),
      lower_band: finite(value - half),
      realized_volatility: this.#byVolume.count > 1 ? finite(this.#returns.volatility) : null,
      band_position: Number.isNaN(value) ? null : position(price, value, half),
      distance_from_vwap: finite(price - value),
      distance_from_upper_band: finite(price - (value + half)),
      distance_from_lower_band: finite(price - (value - half)),
    }
  }

  #summary(value: number, half: number): VwapOutput['summary'] {
    const { count, weight } = this.#byVolume
    const { upper, lower } = this.#touches
    return {
      window_seconds: this.#parameters.window_seconds,
      trade_count: count,
      total_volume: weight,
      session_start: this.clock.sessionStartUs ?? this.#firstUs,
      band_width: finite(2 * half),
      band_width_percent: finite((2 * half * 100) / Math.abs(value)),
      avg_trade_size: count > 0 ? finite(weight / count) : null,
      band_touches: { upper, lower },
      total_band_touches: upper + lower,
    }
  }
}

function position(price: number, value: number, half: number): VwapPosition {
  if (price > value + half) return 'above_upper'
  if (price < value - half) return 'below_lower'
  if (price > value) return 'above_vwap'
  return price < value ? 'below_vwap' : 'at_vwap'
}
