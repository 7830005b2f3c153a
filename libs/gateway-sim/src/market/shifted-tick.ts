import type { Tick } from './tick.ts'

/** More than any price has. */
const DIGITS = 9

/** The tick with another stamp, µs later. */
export function laterTick<T extends Tick>(tick: T, byUs: number): T {
  return byUs === 0 ? tick : { ...tick, tsUs: tick.tsUs + byUs }
}

/** The tick with all its prices moved; unset ones stay unset. */
export function pricierTick(tick: Tick, by: number): Tick {
  switch (tick.kind) {
    case 'bid_ask':
      return { ...tick, bid: moved(tick.bid, by), ask: moved(tick.ask, by) }
    case 'last':
    case 'all_last':
      return { ...tick, price: moved(tick.price, by) }
    case 'mid_point':
      return { ...tick, mid: sum(tick.mid, by) }
  }
}

function moved(price: number | undefined, by: number): number | undefined {
  return price === undefined ? undefined : sum(price, by)
}

/** Without the noise of binary fractions, which no price on the wire has. */
function sum(price: number, by: number): number {
  return Number((price + by).toFixed(DIGITS))
}
