import { CompensatedSum } from './compensated-sum.ts'
import { RowRing } from './row-ring.ts'

const TIME = 0
const SQUARE = 1

/** Realized volatility √Σ r², r = ln(pᵢ/pᵢ₋₁), of the following prices in a sliding time window, or of all since the last reset. */
export class SquaredReturns {
  readonly #windowUs: number
  readonly #ring = new RowRing(2)
  readonly #squares = new CompensatedSum()
  #lastPrice = Number.NaN
  /** Non-zero returns in the window: without any, the sum is exactly 0. */
  #moves = 0

  /** @param windowUs length of the window, µs; 0 keeps everything and no ring */
  constructor(windowUs: number) {
    this.#windowUs = windowUs
  }

  get volatility(): number {
    return Math.sqrt(Math.max(0, this.#squares.value))
  }

  push(atUs: number, price: number): void {
    const change = price > 0 && this.#lastPrice > 0 ? Math.log(price / this.#lastPrice) : 0
    this.#lastPrice = price
    if (this.#windowUs === 0) {
      this.#squares.add(change * change)
      return
    }
    const ring = this.#ring
    ring.push(atUs, change * change, 0)
    this.#add(1, change * change)
    // The return into the oldest price of the window came from one outside it, so it is taken out as that price becomes the oldest.
    while (ring.at(0, TIME) <= atUs - this.#windowUs) {
      ring.drop()
      this.#add(-1, ring.at(0, SQUARE))
    }
  }

  reset(): void {
    this.#ring.clear()
    this.#squares.reset()
    this.#lastPrice = Number.NaN
    this.#moves = 0
  }

  #add(step: 1 | -1, square: number): void {
    if (square === 0) return
    this.#moves += step
    if (this.#moves === 0) this.#squares.reset()
    else this.#squares.add(step * square)
  }
}
