import { dateOfUs } from '../clock.ts'
import type { SimContract } from './contract.ts'
import { dayPlus } from './holidays.ts'
import { localTime, minuteOfDay, usOfLocalTime } from './local-time.ts'
import { sessionsOf } from './trading-hours.ts'

/** A time in which a contract trades: µs since 1970-01-01 UTC, the end is left out. */
export interface Session {
  readonly openUs: number
  readonly closeUs: number
}

/** Which hours are meant. */
export type HoursKind = 'tradingHours' | 'liquidHours'

/** No exchange is closed for longer. */
const LONGEST_CLOSURE_DAYS = 12

/** A contract's sessions as moments, up to its last trade; each day is worked out once. */
export class Sessions {
  readonly #contract: SimContract
  readonly #lastTradeUs: number
  readonly #days = new Map<string, readonly Session[]>()

  constructor(contract: SimContract) {
    this.#contract = contract
    this.#lastTradeUs = lastTradeUs(contract)
  }

  /** The session that a moment lies in. */
  at(us: number, kind: HoursKind): Session | undefined {
    return this.#around(us, kind, 1, 2).find(({ openUs, closeUs }) => us >= openUs && us < closeUs)
  }

  /** The session that a moment lies in, or the next one. */
  atOrAfter(us: number, kind: HoursKind): Session | undefined {
    return this.#around(us, kind, 1, LONGEST_CLOSURE_DAYS).find(({ closeUs }) => us < closeUs)
  }

  /** The session that holds moments before this one, or the one before it. */
  before(us: number, kind: HoursKind): Session | undefined {
    return this.#around(us, kind, LONGEST_CLOSURE_DAYS, 2).findLast(({ openUs }) => openUs < us)
  }

  #around(us: number, kind: HoursKind, daysBefore: number, daysAfter: number): readonly Session[] {
    const today = localTime(dateOfUs(us), this.#contract.timeZone).day
    const count = daysBefore + daysAfter + 1
    return Array.from({ length: count }, (_, i) => this.#of(dayPlus(today, i - daysBefore), kind)).flat()
  }

  #of(day: string, kind: HoursKind): readonly Session[] {
    const key = `${day} ${kind}`
    const known = this.#days.get(key)
    if (known !== undefined) return known
    const { timeZone, holidays } = this.#contract
    const us = (date: string, hhmm: string) => usOfLocalTime(date, minuteOfDay(hhmm), timeZone)
    const sessions = sessionsOf(day, this.#contract[kind], holidays)
      .map(({ opensDay, opens, closesDay, closes }) => ({
        openUs: us(opensDay, opens),
        closeUs: Math.min(us(closesDay, closes), this.#lastTradeUs),
      }))
      .filter(({ openUs, closeUs }) => openUs < closeUs)
    this.#days.set(key, sessions)
    return sessions
  }
}

function lastTradeUs({ lastTradeDay, lastTradeTime, timeZone }: SimContract): number {
  if (lastTradeDay === '') return Number.POSITIVE_INFINITY
  const day = `${lastTradeDay.slice(0, 4)}-${lastTradeDay.slice(4, 6)}-${lastTradeDay.slice(6)}`
  return usOfLocalTime(day, minuteOfDay(lastTradeTime.replace(':', '')), timeZone)
}
