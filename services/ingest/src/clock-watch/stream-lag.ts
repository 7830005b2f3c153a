/** Fewer ticks than that say nothing of a stream: a single one may have been reported late. */
const ENOUGH_TICKS = 10

/** How old the stamps of a stream are when its ticks arrive. IB's stamps are whole seconds, so the least of some ticks is nearest to the truth. */
export class StreamLag {
  #ticks = 0
  #leastUs = Number.POSITIVE_INFINITY
  #lastUs: number | undefined

  /** @param lagUs `st` − `ts` of a live tick */
  take(lagUs: number): void {
    this.#ticks += 1
    if (lagUs < this.#leastUs) this.#leastUs = lagUs
  }

  /** The least lag since the last look that had ticks enough, µs; undefined before there were. */
  get lagUs(): number | undefined {
    return this.#lastUs
  }

  /** Looks at what came since. @returns whether it was enough */
  look(): boolean {
    if (this.#ticks < ENOUGH_TICKS) return false
    this.#lastUs = this.#leastUs
    this.#ticks = 0
    this.#leastUs = Number.POSITIVE_INFINITY
    return true
  }
}
