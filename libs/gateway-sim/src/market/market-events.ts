/** A time in which a contract does not trade though its market is open; µs since 1970-01-01 UTC, the end is left out. */
export interface Halt {
  readonly startUs: number
  /** Infinity while it lasts. */
  readonly endUs: number
}

/** Ticks that come in addition, evenly spread over a time. */
export interface Burst {
  readonly startUs: number
  readonly lengthUs: number
  readonly ticks: number
}

/** What was ordered of the market. It is kept for good, so that history tells the same as live did. */
export class MarketEvents {
  readonly #halts = new Map<number, Halt[]>()
  readonly #bursts = new Map<number, Burst[]>()
  readonly #madeUntilUs: () => number
  #version = 0

  /** @param madeUntilUs up to when ticks may have been given out: what is ordered begins after it */
  constructor(madeUntilUs: () => number) {
    this.#madeUntilUs = madeUntilUs
  }

  /** Changes with each order. */
  get version(): number {
    return this.#version
  }

  halts(conId: number): readonly Halt[] {
    return this.#halts.get(conId) ?? []
  }

  bursts(conId: number): readonly Burst[] {
    return this.#bursts.get(conId) ?? []
  }

  /** @returns what ends the halt */
  halt(conId: number, startUs: number): (endUs: number) => void {
    const halts = this.#halts.get(conId) ?? []
    this.#halts.set(conId, halts)
    const halt = { startUs: this.#afterMade(startUs), endUs: Number.POSITIVE_INFINITY }
    halts.push(halt)
    this.#version++
    return (endUs) => {
      halt.endUs = this.#afterMade(endUs)
      this.#version++
    }
  }

  burst(conId: number, burst: Burst): void {
    const bursts = this.#bursts.get(conId) ?? []
    this.#bursts.set(conId, bursts)
    bursts.push({ ...burst, startUs: this.#afterMade(burst.startUs) })
    this.#version++
  }

  #afterMade(us: number): number {
    return Math.floor(Math.max(us, this.#madeUntilUs())) + 1
  }
}
