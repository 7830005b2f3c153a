import { wholeSeconds } from '../clock.ts'
import type { QuoteTick } from './tick.ts'

/** Finds quotes in which a price moved. The first of each second counts as one, so that a second gives the same whoever asks, and when. */
export class PriceChanges {
  readonly #last = new Map<number, readonly [second: number, bid: number | undefined, ask: number | undefined]>()

  /** @returns whether bid or ask differ from the contract's quote before, or this is the second's first */
  moved({ conId, tsUs, bid, ask }: QuoteTick): boolean {
    const second = wholeSeconds(tsUs)
    const before = this.#last.get(conId)
    if (before !== undefined && before[0] === second && before[1] === bid && before[2] === ask) return false
    this.#last.set(conId, [second, bid, ask])
    return true
  }
}
