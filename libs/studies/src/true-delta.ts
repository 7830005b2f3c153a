import { Delta, type DeltaOutput } from './delta.ts'

export type TrueDeltaOutput = DeltaOutput & {
  current_quote: { bid_size: number; ask_size: number }
  /** How the trades of the window were signed. */
  calculation_stats: {
    bid_hits: number
    ask_hits: number
    inside_spread: number
    crossed_quote_trades: number
    no_quote_trades: number
    /** (bid_hits + ask_hits) / trades · 100; null without trades. */
    true_delta_percentage: number | null
  }
}

/** {@link Delta} (the older system's `multi_delta`) that also tells how sure it is: how many trades of the window hit the bid or the ask. */
export class TrueDelta extends Delta {
  override readonly name = 'true_delta'

  protected override output(): TrueDeltaOutput {
    const { bidSize, askSize } = this.quote
    const { current_quote, ...rest } = super.output()
    return { ...rest, current_quote: { ...current_quote, bid_size: bidSize, ask_size: askSize }, calculation_stats: this.#stats() }
  }

  #stats(): TrueDeltaOutput['calculation_stats'] {
    const hits = this.tradesBy('bid', 'ask')
    const trades = this.tradeCount
    return {
      bid_hits: this.tradesBy('bid'),
      ask_hits: this.tradesBy('ask'),
      inside_spread: this.tradesBy('inside'),
      crossed_quote_trades: this.tradesBy('crossed'),
      no_quote_trades: this.tradesBy('tick', 'none'),
      true_delta_percentage: trades > 0 ? (hits / trades) * 100 : null,
    }
  }
}
