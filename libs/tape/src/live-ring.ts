import { comparePlaces, type LivePlace } from './cursor.ts'
import type { LiveTick } from './live-tick.ts'

export interface RingBounds {
  /** Most ticks held. */
  ticks: number
  /** Most bytes of their lines. */
  bytes: number
}

/**
 * The newest ticks of all contracts in order of arrival. Each has an index that never changes; the oldest leave when a bound is reached, and `floor` says
 * up to where they are gone.
 */
export class LiveRing {
  readonly #bounds: RingBounds
  #slots: (LiveTick | undefined)[] = []
  #bytes = 0
  #start = 0
  #end = 0
  #floor: LivePlace
  #evicted = false

  constructor(bounds: RingBounds, floor: LivePlace) {
    this.#bounds = bounds
    this.#floor = floor
  }

  /** Index of the oldest tick held, and the one that the next tick will have. */
  get start(): number {
    return this.#start
  }
  get end(): number {
    return this.#end
  }
  get bytes(): number {
    return this.#bytes
  }
  /** Every tick after this place, up to the newest, is held. */
  get floor(): LivePlace {
    return this.#floor
  }
  /** False while everything since the floor that it was made with is held. */
  get evicted(): boolean {
    return this.#evicted
  }

  /** @returns its index */
  push(tick: LiveTick): number {
    const { ticks, bytes } = this.#bounds
    while (this.#end - this.#start >= ticks || (this.#bytes + tick.line.length > bytes && this.#start < this.#end)) this.#evict()
    this.#slots[this.#end % ticks] = tick
    this.#bytes += tick.line.length
    this.#end += 1
    return this.#end - 1
  }

  /** The tick of an index from `start` to `end - 1`. */
  at(index: number): LiveTick | undefined {
    return index < this.#start ? undefined : this.#slots[index % this.#bounds.ticks]
  }

  /** Index of the first tick after a place, or undefined when ticks after it are no longer held. */
  firstAfter(place: LivePlace): number | undefined {
    return comparePlaces(place, this.#floor) < 0 ? undefined : this.indexAfter(place)
  }

  /** As `firstAfter`, among those that are held. */
  indexAfter(place: LivePlace): number {
    let low = this.#start
    let high = this.#end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const tick = this.at(middle)
      if (tick && comparePlaces(tick, place) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Forgets everything up to a place that lies after all ticks held. */
  clear(floor: LivePlace): void {
    this.#slots = []
    this.#start = this.#end
    this.#bytes = 0
    this.#floor = floor
    this.#evicted = true
  }

  #evict(): void {
    const slot = this.#start % this.#bounds.ticks
    const oldest = this.#slots[slot]
    if (oldest) {
      this.#bytes -= oldest.line.length
      this.#floor = { batchSeq: oldest.batchSeq, st: oldest.st }
    }
    this.#slots[slot] = undefined
    this.#start += 1
    this.#evicted = true
  }
}
