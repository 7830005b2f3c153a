import { exponential, type Random } from '../../random.ts'

/** Share of events that another event brought about: most of a market's activity answers to itself. */
const BRANCHING = 0.6
/** How fast the excitement fades, in events of the mean rate: a burst lasts for about ten. */
const DECAY_PER_MEAN_GAP = 0.25

/** Times between events of a self-exciting (Hawkes) process, by Ogata's thinning, in units of the mean gap. */
export class BurstyArrivals {
  readonly #random: Random
  /** Begins as it is on average, so that the rate is the same at the start as later. */
  #excitement = BRANCHING

  constructor(random: Random) {
    this.#random = random
  }

  /** Gap to the next event; the mean over a long time is 1. */
  nextGap(): number {
    const base = 1 - BRANCHING
    let gap = 0
    let bound: number
    do {
      bound = base + this.#excitement
      const step = exponential(this.#random) / bound
      gap += step
      this.#excitement *= Math.exp(-DECAY_PER_MEAN_GAP * step)
    } while (this.#random() * bound > base + this.#excitement)
    this.#excitement += BRANCHING * DECAY_PER_MEAN_GAP
    return gap
  }
}
