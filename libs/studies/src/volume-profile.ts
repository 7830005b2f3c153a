import type { TickMessage } from '@ib-stream/model'
import { z } from 'zod'
import { StudiesError } from './errors.ts'
import { EventStudy, type Pace } from './event-study.ts'
import { Aggressor, type Side } from './market/aggressor.ts'
import { Quote } from './market/quote.ts'
import { isTrade, sizeOf } from './market/trade.ts'
import { valueArea } from './math/value-area.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const VOLUME_PROFILE_PARAMETERS = z.strictObject({
  bin: PARAMETERS.number(z.number().min(0).max(1e9))
    .default(0)
    .meta({ description: 'height of a price level, for example the contract’s least price step; 0: each price for itself', unit: 'price' }),
  value_area_percent: PARAMETERS.number(z.number().positive().max(100))
    .default(70)
    .meta({ description: 'share of the volume that the value area holds', unit: '%' }),
  rule: PARAMETERS.rule,
  trades: PARAMETERS.trades,
  session: PARAMETERS.session,
  clock: PARAMETERS.clock,
  every_seconds: PARAMETERS.everySeconds(60),
})
export type VolumeProfileParameters = z.infer<typeof VOLUME_PROFILE_PARAMETERS>

/** About 20 MB. The cents of a price that moves by 1,000; a day of a stock has some hundreds. */
export const MOST_LEVELS = 100_000

export interface ProfileLevel {
  price: number
  volume: number
  buy_volume: number
  sell_volume: number
  trade_count: number
}

export type VolumeProfileOutput = StudyRecord<{
  session: string | null
  total_volume: number
  trade_count: number
  /** Price of the level with the most volume; of equals the lowest. */
  point_of_control: number
  value_area_low: number
  value_area_high: number
  /** Volume of the value area / total volume · 100. */
  value_area_percent: number
  /** By price, lowest first. */
  levels: ProfileLevel[]
}>

/**
 * Volume by price since the session's start, each trade signed by its aggressor. A trade belongs to the level whose middle is nearest:
 * level = round(p / bin) · bin. The value area begins at the point of control and takes the bigger neighbour (of equals the upper) until it holds its
 * share (P. Steidlmayer, "CBOT Market Profile", 1984, level by level).
 *
 * `push` throws StudiesError `IBS_STUDIES_LEVELS_EXCEEDED` for a trade that would need a level beyond {@link MOST_LEVELS}; what was counted before stays.
 */
export class VolumeProfile extends EventStudy {
  readonly name = 'volume_profile'
  readonly #parameters: VolumeProfileParameters
  readonly #aggressor: Aggressor
  readonly #quote = new Quote()
  readonly #levels = new Map<number, ProfileLevel>()
  #tradeUs = 0

  constructor(parameters: VolumeProfileParameters, pace: Pace) {
    super(pace)
    this.#parameters = parameters
    this.#aggressor = new Aggressor(parameters.rule)
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === 'bid_ask' || tt === this.#parameters.trades
  }

  protected take(tick: TickMessage): boolean {
    if (tick.tt === 'bid_ask') {
      this.#quote.take(tick)
      return false
    }
    if (tick.tt === 'mid_point' || !isTrade(tick)) return false
    const size = sizeOf(tick)
    if (size === 0) return false
    this.#tradeUs = this.clock.tsUs
    this.#book(levelOf(tick.p, this.#parameters.bin), size, this.#aggressor.sign(tick.p, this.#quote))
    return true
  }

  protected output(): VolumeProfileOutput {
    const levels = [...this.#levels.values()].sort((a, b) => a.price - b.price)
    const total = levels.reduce((sum, { volume }) => sum + volume, 0)
    const area = valueArea(
      levels.map(({ volume }) => volume),
      (total * this.#parameters.value_area_percent) / 100,
    )
    const priceAt = (index: number) => levels[index]?.price ?? 0
    return {
      study: this.name,
      cid: this.cid,
      ts: this.#tradeUs,
      session: this.clock.session,
      total_volume: total,
      trade_count: levels.reduce((sum, { trade_count }) => sum + trade_count, 0),
      point_of_control: priceAt(area.peak),
      value_area_low: priceAt(area.low),
      value_area_high: priceAt(area.high),
      value_area_percent: (area.volume / total) * 100,
      levels: levels.map((level) => ({ ...level })),
    }
  }

  protected reset(): void {
    this.#levels.clear()
    this.#quote.reset()
    this.#aggressor.reset()
  }

  #tooMany(price: number): StudiesError {
    const { bin } = this.#parameters
    const what = `volume_profile has ${MOST_LEVELS} levels and ${price} would be one more; ask with a bin wider than ${bin}, with sessions, or for a shorter range`
    return new StudiesError('IBS_STUDIES_LEVELS_EXCEEDED', what, { cid: this.cid, price, bin, most: MOST_LEVELS, ts: this.#tradeUs })
  }

  #book(price: number, size: number, side: Side): void {
    let level = this.#levels.get(price)
    if (level === undefined) {
      if (this.#levels.size >= MOST_LEVELS) throw this.#tooMany(price)
      level = { price, volume: 0, buy_volume: 0, sell_volume: 0, trade_count: 0 }
      this.#levels.set(price, level)
    }
    level.volume += size
    level.trade_count++
    if (side === 1) level.buy_volume += size
    else if (side === -1) level.sell_volume += size
  }
}

/** Middle of the level of a price. Through whole fractions (1/0.01 = 100), so that 18029 · 0.01 is 180.29 and not 180.29000000000002. */
export function levelOf(price: number, bin: number): number {
  if (bin === 0) return price
  const perUnit = Math.round(1 / bin)
  const level = Math.round(price / bin)
  return Math.abs(perUnit * bin - 1) < 1e-12 ? level / perUnit : level * bin
}
