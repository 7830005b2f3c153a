import { CalendarError } from './errors.ts'
import type { Expiry } from './expiry.ts'
import { addDays, type LocalDate, weekdayOf } from './local-date.ts'
import { timeZone } from './time-zone.ts'
import type { UsRange } from './us-range.ts'

/** One expiry of a series, as contract look-up found it. */
export interface SeriesContract {
  cid: number
  expiry: Expiry
}

/** When the front moves on to the next expiry. */
export interface RollRule {
  /** Dates before the last trading date; volume of CME's index futures moves 8 calendar days before. */
  daysBefore: number
  /** `weekdays` counts Monday to Friday; holidays are not known. Default `calendar`. */
  count?: 'calendar' | 'weekdays'
  /** Time of day of the roll in the series' zone, minutes since midnight; default 0. */
  minute?: number
  timeZoneId: string
}

export interface FrontContract {
  front: SeriesContract
  /** The next one in line and when it becomes the front, µs UTC; absent where look-up has found none. */
  next?: SeriesContract
  rollsAtUs: number
}

export interface Roll {
  from: SeriesContract
  to: SeriesContract
  atUs: number
}

/**
 * The front contract at an instant: the earliest expiry whose roll is still to come. The last known expiry stays the front until it expires.
 * @throws CalendarError `IBS_CALENDAR_NO_FRONT` where every expiry is over, `IBS_CALENDAR_ARGUMENT_INVALID` for a rule that cannot be
 */
export function frontContract(series: readonly SeriesContract[], rule: RollRule, atUs: number): FrontContract {
  const sorted = inOrder(series)
  const index = sorted.findIndex((contract, i) => atUs < (i === sorted.length - 1 ? contract.expiry.atUs : rollTime(contract.expiry, rule)))
  const front = sorted[index]
  if (!front) {
    const last = sorted.at(-1)?.expiry.date
    const what = last ? `the last known expiry was ${last}` : 'no expiry is known'
    throw new CalendarError('IBS_CALENDAR_NO_FRONT', `there is no front contract: ${what}; look the series up again`, { last })
  }
  const next = sorted[index + 1]
  return { front, rollsAtUs: rollTime(front.expiry, rule), ...(next && { next }) }
}

/** Every change of the front in a range, oldest first. */
export function rollsIn(series: readonly SeriesContract[], rule: RollRule, { fromUs, untilUs }: UsRange): Roll[] {
  const sorted = inOrder(series)
  return sorted.slice(0, -1).flatMap((from, i) => {
    const [to, atUs] = [sorted[i + 1], rollTime(from.expiry, rule)]
    return to && atUs >= fromUs && atUs < untilUs ? [{ from, to, atUs }] : []
  })
}

/**
 * When the front leaves an expiry, µs UTC.
 * @throws CalendarError `IBS_CALENDAR_ARGUMENT_INVALID`
 */
export function rollTime(expiry: Expiry, rule: RollRule): number {
  const { daysBefore, minute = 0, count = 'calendar' } = rule
  const whole = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most
  if (!whole(daysBefore, 366)) throw invalid('daysBefore', daysBefore, 'a whole number from 0 to 366')
  if (!whole(minute, 1439)) throw invalid('minute', minute, 'minutes since midnight, 0 to 1439')
  const date = count === 'calendar' ? addDays(expiry.date, -daysBefore) : weekdaysBefore(expiry.date, daysBefore)
  return timeZone(rule.timeZoneId).instant(date, minute)
}

function weekdaysBefore(date: LocalDate, days: number): LocalDate {
  let at = date
  for (let left = days; left > 0; ) {
    at = addDays(at, -1)
    if (weekdayOf(at) % 6 !== 0) left--
  }
  return at
}

const inOrder = (series: readonly SeriesContract[]): SeriesContract[] =>
  [...series].sort((a, b) => a.expiry.atUs - b.expiry.atUs || a.cid - b.cid)

function invalid(field: string, value: unknown, rule: string): CalendarError {
  return new CalendarError('IBS_CALENDAR_ARGUMENT_INVALID', `roll rule: ${field} is ${value}; give ${rule}`, { field, value })
}
