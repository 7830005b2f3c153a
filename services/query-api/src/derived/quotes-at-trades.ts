import type { BidAskTick, TickMessage } from '@ib-stream/model'
import { inArrivalOrder } from '@ib-stream/tape'
import type { AsOfClock } from './as-of.ts'

/** A trade and the quote that stood. */
export interface QuotedTrade {
  trade: TickMessage
  /** Null: none was known yet. */
  quote: BidAskTick | null
}

/**
 * Each trade with the quote that stood: by our stamp the last one that had arrived before it; by IB's the last one of its second or before.
 * Holds the ticks of a second, and those that came later than their stamps.
 * @param batches trades and quotes of one contract, in query order
 * @param first the quote that stood before all of them
 */
export function quotesAtTrades(
  batches: AsyncIterable<readonly TickMessage[]>,
  { clock, first }: { clock: AsOfClock; first: BidAskTick | undefined },
): AsyncGenerator<readonly QuotedTrade[], void, undefined> {
  return clock === 'st' ? byArrival(batches, first) : bySecond(batches, first)
}

type Quoted = AsyncGenerator<readonly QuotedTrade[], void, undefined>

async function* byArrival(batches: AsyncIterable<readonly TickMessage[]>, first: BidAskTick | undefined): Quoted {
  let quote = first ?? null
  for await (const arrived of inArrivalOrder(batches)) {
    const found: QuotedTrade[] = []
    for (const { tick } of arrived) {
      if (tick.tt === 'bid_ask') quote = tick
      else found.push({ trade: tick, quote })
    }
    if (found.length > 0) yield found
  }
}

async function* bySecond(batches: AsyncIterable<readonly TickMessage[]>, first: BidAskTick | undefined): Quoted {
  let quote = first ?? null
  /** Of the `ts` that is read: another quote of it may follow. */
  let waiting: TickMessage[] = []
  let ts = 0
  for await (const batch of batches) {
    const found: QuotedTrade[] = []
    for (const tick of batch) {
      if (tick.ts !== ts) {
        for (const trade of waiting) found.push({ trade, quote })
        waiting = []
        ts = tick.ts
      }
      if (tick.tt === 'bid_ask') quote = tick
      else waiting.push(tick)
    }
    if (found.length > 0) yield found
  }
  if (waiting.length > 0) yield waiting.map((trade) => ({ trade, quote }))
}
