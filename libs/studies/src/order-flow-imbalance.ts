import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { EventStudy, finite, type Pace } from './event-study.ts'
import { Quote } from './market/quote.ts'
import { CompensatedSum } from './math/compensated-sum.ts'
import { RowRing } from './math/row-ring.ts'
import { PARAMETERS } from './parameters.ts'
import type { StudyRecord } from './study.ts'

export const IMBALANCE_PARAMETERS = z.strictObject({
  window_seconds: PARAMETERS.windowSeconds(60),
  session: PARAMETERS.session,
  clock: PARAMETERS.clock,
  every_seconds: PARAMETERS.everySeconds(1),
})
export type ImbalanceParameters = z.infer<typeof IMBALANCE_PARAMETERS>

export type ImbalanceOutput = StudyRecord<{
  session: string | null
  current_quote: { bid: number | null; ask: number | null; bid_size: number; ask_size: number }
  /** (bid size − ask size) / (bid size + ask size) of the quote that stands; null without both sides. */
  queue_imbalance: number | null
  window_seconds: number
  quote_count: number
  /** Σ e over the window, in shares or contracts; above 0: demand grew. */
  order_flow_imbalance: number
  /** The same divided by Σ|e|: −1 to 1; null where nothing changed. */
  normalized: number | null
  /** Σ e since the session's start. */
  cumulative: number
}>

const TIME = 0
const EVENT = 1

/**
 * Order flow imbalance of the best quotes (R. Cont, A. Kukanov, S. Stoikov, "The Price Impact of Order Book Events", Journal of Financial
 * Econometrics 12(1), 2014). Each quote after the session's first contributes
 * e = [Pᵇ ≥ Pᵇ′] qᵇ − [Pᵇ ≤ Pᵇ′] qᵇ′ − [Pᵃ ≤ Pᵃ′] qᵃ + [Pᵃ ≥ Pᵃ′] qᵃ′ (′ is the quote before); a side that is not there counts as infinitely
 * far away and without size.
 */
export class OrderFlowImbalance extends EventStudy {
  readonly name = 'order_flow_imbalance'
  readonly #windowSeconds: number
  readonly #quote = new Quote()
  readonly #before = new Quote()
  readonly #ring = new RowRing(2)
  readonly #sum = new CompensatedSum()
  readonly #size = new CompensatedSum()
  readonly #cumulative = new CompensatedSum()
  #count = 0
  /** Quotes in the window that changed something; without any, the sums are exactly 0. */
  #changes = 0
  #isFirst = true
  #quoteUs = 0

  constructor(parameters: ImbalanceParameters, pace: Pace) {
    super(pace)
    this.#windowSeconds = parameters.window_seconds
  }

  protected wants({ tt }: TickMessage): boolean {
    return tt === 'bid_ask'
  }

  protected take(tick: TickMessage): boolean {
    if (tick.tt !== 'bid_ask') return false
    this.#before.set(this.#quote)
    this.#quote.take(tick)
    this.#quoteUs = this.clock.tsUs
    const event = this.#isFirst ? 0 : bidChange(this.#before, this.#quote) - askChange(this.#before, this.#quote)
    this.#isFirst = false
    this.#remember(this.clock.nowUs, event)
    return true
  }

  protected output(): ImbalanceOutput {
    const { bid, ask, bidSize, askSize, isTwoSided } = this.#quote
    const size = this.#size.value
    return {
      study: this.name,
      cid: this.cid,
      ts: this.#quoteUs,
      session: this.clock.session,
      current_quote: { bid: finite(bid), ask: finite(ask), bid_size: bidSize, ask_size: askSize },
      queue_imbalance: isTwoSided ? finite((bidSize - askSize) / (bidSize + askSize)) : null,
      window_seconds: this.#windowSeconds,
      quote_count: this.#count,
      order_flow_imbalance: this.#sum.value,
      normalized: size > 0 ? Math.max(-1, Math.min(1, this.#sum.value / size)) : null,
      cumulative: this.#cumulative.value,
    }
  }

  protected reset(): void {
    for (const sum of [this.#sum, this.#size, this.#cumulative]) sum.reset()
    this.#ring.clear()
    this.#quote.reset()
    this.#count = 0
    this.#changes = 0
    this.#isFirst = true
  }

  #remember(nowUs: number, event: number): void {
    const windowUs = this.#windowSeconds * US_PER_SECOND
    if (windowUs > 0) {
      const ring = this.#ring
      for (; ring.length > 0 && ring.at(0, TIME) <= nowUs - windowUs; ring.drop()) this.#book(-1, ring.at(0, EVENT))
      ring.push(nowUs, event, 0)
    }
    this.#book(1, event)
    this.#cumulative.add(event)
  }

  #book(step: 1 | -1, event: number): void {
    this.#count += step
    if (event === 0) return
    this.#changes += step
    this.#sum.add(step * event)
    this.#size.add(step * Math.abs(event))
    if (this.#changes === 0) for (const sum of [this.#sum, this.#size]) sum.reset()
  }
}

function bidChange(before: Quote, now: Quote): number {
  const [was, is] = [orElse(before.bid, Number.NEGATIVE_INFINITY), orElse(now.bid, Number.NEGATIVE_INFINITY)]
  return (is >= was ? now.bidSize : 0) - (is <= was ? before.bidSize : 0)
}

function askChange(before: Quote, now: Quote): number {
  const [was, is] = [orElse(before.ask, Number.POSITIVE_INFINITY), orElse(now.ask, Number.POSITIVE_INFINITY)]
  return (is <= was ? now.askSize : 0) - (is >= was ? before.askSize : 0)
}

const orElse = (price: number, absent: number): number => (Number.isNaN(price) ? absent : price)
