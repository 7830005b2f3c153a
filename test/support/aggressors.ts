import type { PlainTick } from './ticks.ts'

export type Aggressor = 'buyer' | 'seller' | 'unknown'

/**
 * Who took the initiative in each trade, by the quote rule: at the standing ask or above it the buyer, at the bid or below it the seller, else unknown. What stands is
 * the last quote before the trade in the order of the ticks given, so a trade and a quote that change places change the answer.
 * @param ticks of one contract, in order of arrival
 */
export function aggressors(ticks: readonly PlainTick[]): Aggressor[] {
  let bid = Number.NaN // comparisons with NaN are false: no quote, unknown
  let ask = Number.NaN
  const found: Aggressor[] = []
  for (const tick of ticks) {
    if (tick.tt === 'bid_ask') {
      bid = Number(tick.bp ?? Number.NaN)
      ask = Number(tick.ap ?? Number.NaN)
    } else if (tick.tt === 'last' || tick.tt === 'all_last') {
      const price = Number(tick.p)
      found.push(price >= ask ? 'buyer' : price <= bid ? 'seller' : 'unknown')
    }
  }
  return found
}
