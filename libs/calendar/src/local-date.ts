import { US_PER_DAY, US_PER_MS } from '@ib-stream/model'
import { CalendarError } from './errors.ts'

/** A calendar day without a zone, `YYYY-MM-DD`. Compares as text. */
export type LocalDate = string

const FORM = /^\d{4}-\d{2}-\d{2}$/

/** Days since 1970-01-01 of a date; undefined where there is no such day (`2025-02-30`). */
export function dayNumber(date: LocalDate): number | undefined {
  const ms = FORM.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN
  const days = Math.floor((ms * US_PER_MS) / US_PER_DAY)
  return Number.isFinite(days) && dateOfDay(days) === date ? days : undefined
}

/** The date of a day number. */
export function dateOfDay(day: number): LocalDate {
  return new Date((day * US_PER_DAY) / US_PER_MS).toISOString().slice(0, 10)
}

/**
 * The day number of a date that a caller gave.
 * @throws CalendarError `IBS_CALENDAR_ARGUMENT_INVALID` where it is no date
 */
export function requireDay(date: LocalDate): number {
  const day = dayNumber(date)
  if (day === undefined) throw new CalendarError('IBS_CALENDAR_ARGUMENT_INVALID', `"${date}" is no date; write YYYY-MM-DD`, { date })
  return day
}

/** Whether it is a day of the calendar, as `YYYY-MM-DD`. */
export const isDay = (text: string): boolean => dayNumber(text) !== undefined

/** `date` plus whole days, which may be negative. */
export const addDays = (date: LocalDate, days: number): LocalDate => dateOfDay(requireDay(date) + days)

/** 0 is Sunday, 6 is Saturday. */
export const weekdayOf = (date: LocalDate): number => (((requireDay(date) + 4) % 7) + 7) % 7

/** `20250521` → `2025-05-21`; undefined where it is no day. */
export function dateOfCompact(text: string): LocalDate | undefined {
  if (!/^\d{8}$/.test(text)) return undefined
  const date = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
  return dayNumber(date) === undefined ? undefined : date
}
