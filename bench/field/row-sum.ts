import type { Answer } from './questions.ts'

/** Count and hash of rows in their order. Prices count to the hundredth, which is all that these days have. */
export class RowSum {
  #count = 0
  #hash = 0

  /** A quote, or a trade with its price and size alone; the stamp is ours, µs. */
  add(receivedUs: number, price: number, size: number, otherPrice = 0, otherSize = 0): void {
    this.#count++
    let hash = mixed(this.#hash, receivedUs % FIRST_BITS)
    hash = mixed(hash, Math.round(price * 100))
    hash = mixed(hash, size)
    hash = mixed(hash, Math.round(otherPrice * 100))
    this.#hash = mixed(hash, otherSize)
  }

  get answer(): Answer {
    return [this.#count, this.#hash]
  }
}

const FIRST_BITS = 2 ** 40
const FACTOR = 0x9e3779b1

const mixed = (hash: number, value: number): number => Math.imul(hash ^ value, FACTOR) ^ (hash >>> 15)
