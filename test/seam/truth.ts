import { compareTicks, hash31, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import type { Random } from '../chaos/random.ts'

/** In three partitions. */
export const CIDS: readonly number[] = [711280073, 265598, 8314]
/** 2025-07-30T13:00:00Z */
export const START_US = 1_753_880_400 * US_PER_SECOND
/** From one tick to the next on average: so the hours of a day close within the minute that a run takes. */
const STEP_US = 4 * US_PER_SECOND
const LATE_SHARE = 0.02
const MOST_LATE_US = 4 * US_PER_HOUR
/** IB's stamps are behind ours by so much, and whole seconds. */
const USUALLY_BEHIND_US = 2 * US_PER_SECOND

/** Everything that is published, in its order. A tick's place is its index. */
export class Truth {
  readonly ticks: TickMessage[] = []
  /** When each was made, which is when it was published, on the clock of `performance.now()`. */
  readonly madeMs: number[] = []
  readonly #places = new Map<string, number>()
  readonly #random: Random
  #st = START_US

  constructor(random: Random) {
    this.#random = random
  }

  /** The next ticks; one in fifty is late by up to four hours, `late`: all of them. */
  next(count: number, late: 'some' | 'all' = 'some'): TickMessage[] {
    return Array.from({ length: count }, () => this.#tick(late === 'all' || this.#random.next() < LATE_SHARE))
  }

  /** Undefined for a line that was never published. */
  placeOf(line: string): number | undefined {
    return this.#places.get(line)
  }

  #tick(isLate: boolean): TickMessage {
    const random = this.#random
    this.#st += 1 + Math.floor(random.between(0, 2 * STEP_US))
    const cid = random.pick(CIDS)
    const behindUs = isLate ? random.between(0, MOST_LATE_US) : random.between(0, USUALLY_BEHIND_US)
    const core = { ts: Math.floor((this.#st - behindUs) / US_PER_SECOND) * US_PER_SECOND, st: this.#st, cid }
    const price = Math.round(random.between(0, 40_000)) / 4
    const tick: TickMessage =
      random.next() < 0.6
        ? { ...core, tt: 'bid_ask', rid: hash31(cid, 'bid_ask'), bp: price, bs: 3, ap: price + 0.25, as: 5 }
        : { ...core, tt: 'last', rid: hash31(cid, 'last'), p: price, s: 1, ex: 'CME' }
    this.#places.set(encodeTickJson(tick), this.ticks.length)
    this.ticks.push(tick)
    this.madeMs.push(performance.now())
    return tick
  }
}

/** Whether a tick is further behind than ticks usually are. */
export const isLate = ({ ts, st }: TickMessage): boolean => st - ts >= USUALLY_BEHIND_US + US_PER_SECOND

/** Whether one tick comes before another in query order. */
export const isBefore = (a: TickMessage, b: TickMessage): boolean => compareTicks(a, b) < 0
