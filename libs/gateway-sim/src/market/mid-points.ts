import type { MidTick, QuoteTick } from './tick.ts'

/** Half a tick of any contract has fewer digits; it keeps 180.01500000000001 off the wire. */
const MID_DIGITS = 8

/** Derives mid points from quotes: one whenever the middle moves, none while a side is missing. */
export class MidPoints {
  readonly #last = new Map<number, number>()

  /** @returns the mid point that follows this quote, if it changed */
  after(quote: QuoteTick): MidTick | undefined {
    const { conId, tsUs, bid, ask } = quote
    if (bid === undefined || ask === undefined || bid <= 0 || ask <= 0) return undefined
    const mid = Number(((bid + ask) / 2).toFixed(MID_DIGITS))
    if (this.#last.get(conId) === mid) return undefined
    this.#last.set(conId, mid)
    return { kind: 'mid_point', conId, tsUs, mid }
  }
}
