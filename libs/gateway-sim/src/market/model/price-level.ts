import { US_PER_SECOND } from '../../clock.ts'
import { hashUnit } from '../../random.ts'

/** Shortest and longest swing, and how much longer each is than the one before it. */
const SHORTEST_US = 4 * US_PER_SECOND
const FACTOR = 4
const OCTAVES = 10

/**
 * Where a contract's price is at any moment, without playing the time before it: value noise over ten octaves from 4 s to 12 days, each as high as the root of
 * its length (as a random walk is), so the level wanders like a market and never runs away.
 */
export class PriceLevel {
  readonly #seed: number
  readonly #stream: number
  readonly #ticksPerRootSecond: number

  /** @param ticksPerRootSecond typical move within a second, in ticks */
  constructor(seed: number, stream: number, ticksPerRootSecond: number) {
    this.#seed = seed
    this.#stream = stream
    this.#ticksPerRootSecond = ticksPerRootSecond
  }

  /** Distance from the contract's first price, in ticks; not whole. */
  at(us: number): number {
    let sum = 0
    let lengthUs = SHORTEST_US
    for (let octave = 0; octave < OCTAVES; octave++, lengthUs *= FACTOR) {
      const index = Math.floor(us / lengthUs)
      const share = us / lengthUs - index
      const left = hashUnit(this.#seed, this.#stream + octave, index)
      const right = hashUnit(this.#seed, this.#stream + octave, index + 1)
      sum += (left + (right - left) * share - 0.5) * Math.sqrt(lengthUs / US_PER_SECOND)
    }
    return sum * this.#ticksPerRootSecond
  }
}
