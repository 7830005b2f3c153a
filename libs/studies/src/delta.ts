import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { EventStudy, finite, type Pace } from './event-study.ts'
import { Aggressor, SIDE_BASES, type Side, type SideBasis } from './market/aggressor.ts'
import { Quote } from './market/quote.ts'
import { isTrade, sizeOf } from './market/trade.ts'
import { CompensatedSum } from './math/compensated-sum.ts'
import { RowRing } from './math/row-ring.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const DELTA_PARAMETERS = z.strictObject({
  window_seconds: PARAMETERS.windowSeconds(60),
  rule: PARAMETERS.rule,
  neutral_zone_percent: PARAMETERS.neutralZone,
  trades: PARAMETERS.trades,
  session: PARAMETERS.session,
  clock: PARAMETERS.clock,
  every_seconds: PARAMETERS.everySeconds(0),
})
export type DeltaParameters = z.infer<typeof DELTA_PARAMETERS>

export type DeltaOutput = StudyRecord<{
  session: string | null
  current_trade: { price: number; size: number; delta: number }
  current_quote: { bid: number | null; ask: number | null; spread: number | null }
  summary: {
    window_seconds: number
    trade_count: number
    total_buy_volume: number
    total_sell_volume: number
    total_neutral_volume: number
    /** Buys less sells in the window, and since the session's start. */
    net_delta: number
    cumulative_delta: number
    /** Null without sells. */
    buy_sell_ratio: number | null
    /** Of bought and sold volume; null without any. */
    buy_percentage: number | null
  }
}>

const TIME = 0
const SIZE = 1
/** Side and basis in one number: `basis · 3 + side + 1`. */
const SIGNED = 2

/**
 * Volume delta: each trade's size, signed by its aggressor (see {@link Aggressor}), summed over a sliding window and over the session.
 * net_delta = Σ size·side over `(now − window, now]`; buy_percentage = buys / (buys + sells) · 100. Trades without size are left out.
 */
export class Delta extends EventStudy {
  readonly name: string = 'delta'
  readonly #windowSeconds: number
  readonly #trades: DeltaParameters['trades']
  readonly #aggressor: Aggressor
  readonly #ring = new RowRing(3)
  /** Volume and trades of the window: sells, neutral, buys. */
  readonly #volumes = [new CompensatedSum(), new CompensatedSum(), new CompensatedSum()] as const
  readonly #counts = [0, 0, 0]
  readonly #bases: number[] = SIDE_BASES.map(() => 0)
  readonly #cumulative = new CompensatedSum()
  protected readonly quote = new Quote()
  #price = 0
  #size = 0
  #side: Side = 0
  #tradeUs = 0

  constructor(parameters: DeltaParameters, pace: Pace) {
    super(pace)
    this.#windowSeconds = parameters.window_seconds
    this.#trades = parameters.trades
    this.#aggressor = new Aggressor(parameters.rule, parameters.neutral_zone_percent)
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === 'bid_ask' || tt === this.#trades
  }

  protected take(tick: TickMessage): boolean {
    if (tick.tt === 'bid_ask') {
      this.quote.take(tick)
      return false
    }
    if (tick.tt === 'mid_point' || !isTrade(tick)) return false
    const size = sizeOf(tick)
    if (size === 0) return false
    this.#price = tick.p
    this.#size = size
    this.#side = this.#aggressor.sign(tick.p, this.quote)
    this.#tradeUs = this.clock.tsUs
    this.#remember(this.clock.nowUs, size, SIDE_BASES.indexOf(this.#aggressor.basis) * 3 + this.#side + 1)
    return true
  }

  protected output(): DeltaOutput {
    return {
      study: this.name,
      cid: this.cid,
      ts: this.#tradeUs,
      session: this.clock.session,
      current_trade: { price: this.#price, size: this.#size, delta: this.#size * this.#side },
      current_quote: this.currentQuote(),
      summary: this.#summary(),
    }
  }

  protected currentQuote(): DeltaOutput['current_quote'] {
    const { bid, ask } = this.quote
    return { bid: finite(bid), ask: finite(ask), spread: finite(ask - bid) }
  }

  /** Trades in the window whose side was found this way. */
  protected tradesBy(...bases: readonly SideBasis[]): number {
    return bases.reduce((sum, basis) => sum + (this.#bases[SIDE_BASES.indexOf(basis)] ?? 0), 0)
  }

  protected get tradeCount(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  protected reset(): void {
    for (const sum of [...this.#volumes, this.#cumulative]) sum.reset()
    this.#counts.fill(0)
    this.#bases.fill(0)
    this.#ring.clear()
    this.quote.reset()
    this.#aggressor.reset()
  }

  #remember(nowUs: number, size: number, signed: number): void {
    const windowUs = this.#windowSeconds * US_PER_SECOND
    if (windowUs > 0) {
      const ring = this.#ring
      for (; ring.length > 0 && ring.at(0, TIME) <= nowUs - windowUs; ring.drop()) this.#book(-1, ring.at(0, SIZE), ring.at(0, SIGNED))
      ring.push(nowUs, size, signed)
    }
    this.#book(1, size, signed)
    if (this.#side !== 0) this.#cumulative.add(size * this.#side)
  }

  #book(step: 1 | -1, size: number, signed: number): void {
    const side = signed % 3
    const basis = (signed - side) / 3
    const left = (this.#counts[side] ?? 0) + step
    this.#counts[side] = left
    this.#bases[basis] = (this.#bases[basis] ?? 0) + step
    if (left === 0) this.#volumes[side]?.reset()
    else this.#volumes[side]?.add(step * size)
  }

  #summary(): DeltaOutput['summary'] {
    const [sells, neutral, buys] = [this.#volumes[0].value, this.#volumes[1].value, this.#volumes[2].value]
    return {
      window_seconds: this.#windowSeconds,
      trade_count: this.tradeCount,
      total_buy_volume: buys,
      total_sell_volume: sells,
      total_neutral_volume: neutral,
      net_delta: buys - sells,
      cumulative_delta: this.#cumulative.value,
      buy_sell_ratio: sells > 0 ? finite(buys / sells) : null,
      buy_percentage: buys + sells > 0 ? (buys / (buys + sells)) * 100 : null,
    }
  }
}
