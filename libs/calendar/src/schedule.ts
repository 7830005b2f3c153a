import type { ContractCalendar } from './contract-calendar.ts'
import { CalendarError } from './errors.ts'
import { addDays, type LocalDate } from './local-date.ts'
import { type Session, sessionOf } from './sessions.ts'

/** One trading date of a schedule. */
export interface ScheduleDay {
  date: LocalDate
  /** Of the full hours. */
  status: 'open' | 'closed' | 'unknown'
  full?: Session
  regular?: Session
}

const MOST_DAYS = 366

/**
 * Trading dates from `fromDate` on: as many as were asked for, those of which IB has not told as `unknown`.
 * @param days 1 to 366
 * @throws CalendarError `IBS_CALENDAR_ARGUMENT_INVALID`
 */
export function schedule(calendar: ContractCalendar, fromDate: LocalDate, days: number): ScheduleDay[] {
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
    throw new CalendarError('IBS_CALENDAR_ARGUMENT_INVALID', `days is ${days}; give a whole number from 1 to ${MOST_DAYS}`, { days })
  return Array.from({ length: days }, (_, i) => scheduleDay(calendar, addDays(fromDate, i)))
}

function scheduleDay(calendar: ContractCalendar, date: LocalDate): ScheduleDay {
  const full = sessionOf(calendar, 'full', date)
  const regular = sessionOf(calendar, 'regular', date)
  return {
    date,
    status: full.status,
    ...(full.status === 'open' && { full: full.session }),
    ...(regular.status === 'open' && { regular: regular.session }),
  }
}
