import { CompensatedSum } from './compensated-sum.ts'
import { RowRing } from './row-ring.ts'

const TIME = 0
const WEIGHT = 1
const VALUE = 2

/**
 * Weighted mean and population variance of values, over all since the last reset or over a sliding time window; O(1) amortised a value.
 *
 * mean = K + S/W, variance = Q/W − (S/W)², with W = Σw, S = Σw(x−K), Q = Σw(x−K)². The anchor K is near the mean, so that little cancels; after each
 * full turn of the window the sums are made anew around the present mean, which costs O(1) amortised and ends whatever error was gathered.
 */
export class Moments {
  readonly #windowUs: number
  readonly #ring = new RowRing(3)
  readonly #weights = new CompensatedSum()
  readonly #firsts = new CompensatedSum()
  readonly #squares = new CompensatedSum()
  #anchor = 0
  #count = 0
  #dropped = 0
  /** How many of the newest values are equal: where all are, the variance is exactly 0, not the root of a rounding error. */
  #run = 0
  #newest = Number.NaN

  /** @param windowUs length of the window, µs; 0 keeps everything and no ring */
  constructor(windowUs: number) {
    this.#windowUs = windowUs
  }

  get count(): number {
    return this.#count
  }

  /** Σw. */
  get weight(): number {
    return this.#weights.value
  }

  /** NaN while there is no weight. */
  get mean(): number {
    return this.#anchor + this.#firsts.value / this.#weights.value
  }

  /** NaN while there is no weight; never negative. */
  get variance(): number {
    const weight = this.#weights.value
    if (this.#run >= this.#count && weight > 0) return 0
    const offset = this.#firsts.value / weight
    return Math.max(0, this.#squares.value / weight - offset * offset)
  }

  /** @param atUs event time; not below that of the value before */
  push(atUs: number, weight: number, value: number): void {
    if (this.#windowUs > 0) {
      this.expire(atUs)
      this.#ring.push(atUs, weight, value)
    }
    if (this.#count === 0) this.#anchor = value
    this.#add(weight, value)
    this.#run = value === this.#newest ? this.#run + 1 : 1
    this.#newest = value
    this.#count++
  }

  /** Lets go what is at or before `nowUs − window`: the window is `(now − window, now]`. */
  expire(nowUs: number): void {
    const ring = this.#ring
    while (ring.length > 0 && ring.at(0, TIME) <= nowUs - this.#windowUs) {
      this.#add(-ring.at(0, WEIGHT), ring.at(0, VALUE))
      ring.drop()
      this.#count--
      this.#dropped++
    }
    if (this.#dropped > 0 && this.#dropped >= this.#count) this.#anew()
  }

  reset(): void {
    this.#ring.clear()
    this.#count = 0
    this.#run = 0
    this.#newest = Number.NaN
    this.#anew()
  }

  #add(weight: number, value: number): void {
    const x = value - this.#anchor
    const first = weight * x
    this.#weights.add(weight)
    this.#firsts.add(first)
    this.#squares.add(first * x)
  }

  #anew(): void {
    if (this.#count > 0) this.#anchor = this.mean
    this.#dropped = 0
    this.#weights.reset()
    this.#firsts.reset()
    this.#squares.reset()
    for (let row = 0; row < this.#ring.length; row++) this.#add(this.#ring.at(row, WEIGHT), this.#ring.at(row, VALUE))
  }
}
