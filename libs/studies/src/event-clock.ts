import { type ContractCalendar, type HoursKind, type SessionPeriod, sessionPeriodAt } from '@ib-stream/calendar'
import type { TickMessage } from '@ib-stream/model'

/** Which stamp of a tick is its time: IB's (whole seconds) or ours at the socket (µs; IB's for backfilled ticks, whose `st` is another day). */
export const CLOCKS = ['ts', 'st'] as const
export type ClockName = (typeof CLOCKS)[number]

/**
 * Time as the ticks tell it; no other clock exists here. It never goes back: a tick that is behind counts at the latest time seen, so what was given
 * out already stays true, and `late` tells how many there were (none in the query order of history).
 */
export class EventClock {
  readonly name: ClockName
  readonly #calendar: ContractCalendar | undefined
  readonly #kind: HoursKind
  #periodUntilUs = Number.NEGATIVE_INFINITY
  #next: SessionPeriod | undefined
  /** Event time, µs UTC. */
  nowUs = 0
  /** Latest `ts` seen, µs UTC. */
  tsUs = 0
  late = 0
  /** Trading date of the session; null without a calendar or where it has not been told. */
  session: string | null = null
  /** First µs of that session; null likewise. */
  sessionStartUs: number | null = null

  constructor(clock: ClockName, sessions?: { calendar: ContractCalendar; kind: HoursKind }) {
    this.name = clock
    this.#calendar = sessions?.calendar
    this.#kind = sessions?.kind ?? 'full'
  }

  /** First µs after all that counts to the session, by `ts`; −∞ before the first tick and without a calendar. */
  get sessionUntilUs(): number {
    return this.#periodUntilUs
  }

  /** Is a tick the first of another session? To be asked before {@link advance}, while what ends can still be given out. */
  endsSession(tick: TickMessage): boolean {
    if (this.#calendar === undefined || tick.ts < this.#periodUntilUs) return false
    const isFirst = this.#periodUntilUs === Number.NEGATIVE_INFINITY
    this.#next = sessionPeriodAt(this.#calendar, this.#kind, tick.ts)
    return !isFirst && (this.#next.date ?? null) !== this.session
  }

  /** Moves on to a tick's time. */
  advance(tick: TickMessage): void {
    const atUs = this.name === 'ts' || tick.bf ? tick.ts : tick.st
    if (atUs < this.nowUs) this.late++
    else this.nowUs = atUs
    if (tick.ts > this.tsUs) this.tsUs = tick.ts
    if (this.#next !== undefined) this.#enter(this.#next)
  }

  #enter({ date, fromUs, untilUs }: SessionPeriod): void {
    this.#periodUntilUs = untilUs
    this.session = date ?? null
    this.sessionStartUs = date === undefined ? null : fromUs
    this.#next = undefined
  }
}
