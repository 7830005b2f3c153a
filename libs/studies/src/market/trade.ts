import type { TradeTick } from '@ib-stream/model'

/** Beyond these no instrument trades; such a tick would make sums overflow for the rest of the session. */
const MOST_PRICE = 1e12
const MOST_SIZE = 1e15
const LEAST_SIZE = 1e-9

/** Size of a trade, 0 where IB left it unset (indices) or sent what no instrument has. */
export function sizeOf({ s }: TradeTick): number {
  return s !== undefined && s >= LEAST_SIZE && s <= MOST_SIZE ? s : 0
}

/**
 * Did something trade? IB marks a halt with price 0 and size 0, which is no trade at 0. Prices below 0 are real (spreads, oil in 2020).
 * A trade without size has a price, but no volume.
 */
export const isTrade = (tick: TradeTick): boolean => (tick.p !== 0 || sizeOf(tick) > 0) && Math.abs(tick.p) <= MOST_PRICE
