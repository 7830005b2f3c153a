import { wholeSeconds } from '../clock.ts'
import type { MidTick, QuoteTick } from './tick.ts'

/** Half a tick of any contract has fewer digits; it keeps 180.01500000000001 off the wire. */
const MID_DIGITS = 8

/**
 * Derives mid points from quotes: one whenever the middle moves, none while a side is missing. The first of each second is always given, so that a second has
 * the same mid points live and in history.
 */
export class MidPoints {
  readonly #last = new Map<number, readonly [second: number, mid: number]>()

  /** @returns the mid point that follows this quote, if there is one */
  after(quote: QuoteTick): MidTick | undefined {
    const { conId, tsUs, bid, ask } = quote
    if (bid === undefined || ask === undefined || bid <= 0 || ask <= 0) return undefined
    const second = wholeSeconds(tsUs)
    const mid = Number(((bid + ask) / 2).toFixed(MID_DIGITS))
    const before = this.#last.get(conId)
    if (before !== undefined && before[0] === second && before[1] === mid) return undefined
    this.#last.set(conId, [second, mid])
    return { kind: 'mid_point', conId, tsUs, mid }
  }
}
