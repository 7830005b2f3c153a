import { CalendarError } from './errors.ts'
import { dateOfCompact, type LocalDate, requireDay } from './local-date.ts'
import { timeZone } from './time-zone.ts'

/** When a contract stops trading. */
export interface Expiry {
  /** Last trading date in the zone of the exchange. */
  date: LocalDate
  /** The instant, µs UTC: IB's time of day where it gave one, else the end of the date. */
  atUs: number
}

const FORM = /^(\d{8})(?:[ -](\d{2}):(\d{2})(?::(\d{2}))?(?: (.+))?)?$/

/**
 * Reads `lastTradeDateOrContractMonth` as contract details give it: `20250620`, `20250620 08:30`, `20250620 08:30 US/Central`.
 * @param timeZoneId the contract's zone, for where the text names none
 * @throws CalendarError `IBS_CALENDAR_EXPIRY_MALFORMED`; a month alone (`202506`) does not say on which day trading ends
 */
export function parseExpiry(text: string, timeZoneId: string): Expiry {
  const [, day = '', hour, minute, , zoneId] = FORM.exec(text.trim()) ?? []
  const date = dateOfCompact(day)
  const minutes = hour === undefined ? 1440 : Number(hour) * 60 + Number(minute)
  if (!date || minutes > 1440) {
    const what = `"${text}" is no last trade date (YYYYMMDD, also with HH:MM and a zone); take it from the contract's details`
    throw new CalendarError('IBS_CALENDAR_EXPIRY_MALFORMED', what, { lastTradeDate: text })
  }
  return { date, atUs: timeZone(zoneId ?? timeZoneId).instant(date, minutes) }
}

export interface ExpiryNotice {
  level: 'fine' | 'expiring' | 'expired'
  /** Whole dates from today to the last trading date; negative after it. */
  daysLeft: number
}

/**
 * Tells whether a contract that is pinned by its id is about to end.
 * @param options.warnDays from how many dates before the last trading date on it is `expiring`
 */
export function expiryNotice(expiry: Expiry, atUs: number, options: { warnDays: number; timeZoneId: string }): ExpiryNotice {
  const today = timeZone(options.timeZoneId).localTime(atUs).date
  const daysLeft = requireDay(expiry.date) - requireDay(today)
  if (atUs >= expiry.atUs) return { level: 'expired', daysLeft }
  return { level: daysLeft <= options.warnDays ? 'expiring' : 'fine', daysLeft }
}
