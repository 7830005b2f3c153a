import { US_PER_DAY } from '@ib-stream/model'
import type { HeldHour } from './day-hours.ts'
import type { Keep } from './keep.ts'

export type DueBecause = 'age' | 'share'

/** Why an hour of a day that is due stays. */
export const STAY_WORDS = [
  'open', // a writer may still add to it
  'unknown', // no manifest says what it holds
  'differs', // it is not as its manifest says
  'unconfirmed', // no longer-kept backend is known to hold as many ticks of it
  'copy_damaged', // one should, but its file is not as its manifest says
] as const
export type StayWord = (typeof STAY_WORDS)[number]

export interface PlannedHour {
  hour: HeldHour
  /** Undefined: it may go. */
  stays: StayWord | undefined
  /** Longer-kept backends that are known to hold as many ticks of it. */
  copies: readonly HeldHour[]
}

export interface PlanRules {
  keep: Keep
  /** µs UTC. */
  nowUs: number
  /** Size of the disk. */
  diskBytes: number
  /** What the files of the backend take on it at the beginning. */
  usedBytes: number
  /** Hours may go that no longer-kept backend holds. */
  unconfirmed: boolean
}

/** Decides, one UTC day of a backend after the other, oldest first; touches nothing. Tell it what went, for the share of the disk. */
export class RetentionPlan {
  readonly #rules: PlanRules
  #usedBytes: number

  constructor(rules: PlanRules) {
    this.#rules = rules
    this.#usedBytes = rules.usedBytes
  }

  /** Undefined: this day stays, and with it all later ones. */
  dueBecause(dayUs: number): DueBecause | undefined {
    const { keep, nowUs, diskBytes } = this.#rules
    if (keep.maxAgeUs !== undefined && dayUs + US_PER_DAY + keep.maxAgeUs <= nowUs) return 'age'
    return keep.maxDiskShare !== undefined && this.#usedBytes > keep.maxDiskShare * diskBytes ? 'share' : undefined
  }

  /**
   * @param hours of the day in the backend
   * @param held of the same day in longer-kept backends
   */
  decide(hours: readonly HeldHour[], held: readonly HeldHour[]): PlannedHour[] {
    return hours.filter(({ state }) => state !== 'gone').map((hour) => this.#decideOne(hour, held))
  }

  went(diskBytes: number): void {
    this.#usedBytes -= diskBytes
  }

  #decideOne(hour: HeldHour, held: readonly HeldHour[]): PlannedHour {
    if (hour.state === 'open' || hour.state === 'unknown' || hour.state === 'differs') return { hour, stays: hour.state, copies: [] }
    const copies = held.filter((other) => isCopy(hour, other))
    return { hour, stays: copies.length > 0 || this.#rules.unconfirmed ? undefined : 'unconfirmed', copies }
  }
}

/** As many ticks as this one ever had, all of them still there. */
function isCopy(hour: HeldHour, other: HeldHour): boolean {
  const isSameHour = other.cid === hour.cid && other.tt === hour.tt && other.hourUs === hour.hourUs
  return isSameHour && other.state === 'closed' && other.removedTicks === 0 && other.ticks === hour.ticks
}
