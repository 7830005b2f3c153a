/** Counts how often the price comes to lie beyond a band: on entry, not while it stays there. */
export class BandTouches {
  upper = 0
  lower = 0
  #beyond: 'upper' | 'lower' | undefined

  see(price: number, lower: number, upper: number): void {
    const beyond = price > upper ? 'upper' : price < lower ? 'lower' : undefined
    if (beyond === 'upper' && this.#beyond !== 'upper') this.upper++
    if (beyond === 'lower' && this.#beyond !== 'lower') this.lower++
    this.#beyond = beyond
  }

  reset(): void {
    this.upper = 0
    this.lower = 0
    this.#beyond = undefined
  }
}
