import { comparePlaces, type LivePlace } from './cursor.ts'
import type { LiveItem } from './live-item.ts'

export interface RingBounds {
  /** Most ticks held. */
  ticks: number
  /** Most bytes of their lines. */
  bytes: number
}

/** Up to where a ring holds nothing any more. */
interface Floor extends LivePlace {
  /** Highest sequence of a message of which something is gone. */
  seq: number
}

/** Everything up to the sequence is gone. */
export const floorAt = (seq: number): Floor => ({ batchSeq: seq, st: Number.POSITIVE_INFINITY, seq })

/** Whether an item comes after a place. A place inside a batch names the first message of it that counts: what lies in earlier ones was given out. */
export const isAfterPlace = (item: LiveItem, place: LivePlace): boolean =>
  item.batchSeq >= place.batchSeq ? comparePlaces(item, place) > 0 : item.seq >= place.batchSeq && item.st > place.st

/**
 * The newest ticks and events of all contracts in order of arrival. Each has an index that never changes; the oldest leave when a bound is reached, and `floor` says
 * up to where they are gone.
 */
export class LiveRing {
  readonly #bounds: RingBounds
  #slots: (LiveItem | undefined)[] = []
  #bytes = 0
  #start = 0
  #end = 0
  #floor: Floor
  #evicted = false

  constructor(bounds: RingBounds, floor: Floor) {
    this.#bounds = bounds
    this.#floor = floor
  }

  /** Index of the oldest item held, and the one that the next will have. */
  get start(): number {
    return this.#start
  }
  get end(): number {
    return this.#end
  }
  get bytes(): number {
    return this.#bytes
  }
  /** False while everything since the floor that it was made with is held. */
  get evicted(): boolean {
    return this.#evicted
  }

  /** Everything up to here was pushed or left out; always a place that a cursor can name. */
  get heard(): LivePlace {
    const newest = this.at(this.#end - 1)
    return newest ? { batchSeq: newest.batchSeq, st: newest.st } : { batchSeq: this.#floor.seq + 1, st: -1 }
  }

  /** @returns its index */
  push(item: LiveItem): number {
    const { ticks, bytes } = this.#bounds
    while (this.#end - this.#start >= ticks || (this.#bytes + item.line.length > bytes && this.#start < this.#end)) this.#evict()
    this.#slots[this.#end % ticks] = item
    this.#bytes += item.line.length
    this.#end += 1
    return this.#end - 1
  }

  /** The item of an index from `start` to `end - 1`. */
  at(index: number): LiveItem | undefined {
    return index < this.#start ? undefined : this.#slots[index % this.#bounds.ticks]
  }

  /** An index from which on everything after a place is held, and little else; undefined when some of it is no longer held. */
  firstAfter(place: LivePlace): number | undefined {
    const isGone = comparePlaces(place, this.#floor) < 0 || (this.#floor.seq >= place.batchSeq && this.#floor.batchSeq < place.batchSeq)
    return isGone ? undefined : this.indexAfter(place)
  }

  /** As `firstAfter`, among those that are held. */
  indexAfter(place: LivePlace): number {
    let low = this.#start
    let high = this.#end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const item = this.at(middle)
      if (item && comparePlaces(item, place) <= 0) low = middle + 1
      else high = middle
    }
    return this.#beginOfBatchAround(place, low)
  }

  /** Where a place lies inside a batch, its messages from there on are spread over the whole batch: back to its first item. */
  #beginOfBatchAround({ batchSeq }: LivePlace, index: number): number {
    const { batchSeq: before = batchSeq } = this.at(index - 1) ?? {}
    if (before >= batchSeq) return index
    let first = index
    let holds = false
    for (let item = this.at(first - 1); item?.batchSeq === before; item = this.at(first - 1)) {
      holds ||= item.seq >= batchSeq
      first -= 1
    }
    return holds ? first : index
  }

  /** Forgets everything up to a sequence after all items held. */
  clear(seq: number): void {
    this.#slots = []
    this.#start = this.#end
    this.#bytes = 0
    this.#floor = floorAt(seq)
    this.#evicted = true
  }

  #evict(): void {
    const slot = this.#start % this.#bounds.ticks
    const oldest = this.#slots[slot]
    if (oldest) {
      this.#bytes -= oldest.line.length
      this.#floor = { batchSeq: oldest.batchSeq, st: oldest.st, seq: Math.max(oldest.seq, this.#floor.seq) }
    }
    this.#slots[slot] = undefined
    this.#start += 1
    this.#evicted = true
  }
}
