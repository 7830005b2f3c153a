/** What is special about a weekday: nothing, no trading, no trading after a time (`HHMM`), or an end that is so many hours before the usual one. */
export type DayRule = 'usual' | 'closed' | { readonly closes: string } | { readonly hoursEarlier: number }

/** @param day `YYYY-MM-DD`, a Monday to Friday */
export type HolidayRule = (day: string) => DayRule

const DAY_MS = 86_400_000
const MONDAY = 1
const THURSDAY = 4
const SATURDAY = 6
const DAYS_PER_WEEK = 7

/**
 * NYSE and Nasdaq: ten full holidays. Before Independence Day, after Thanksgiving and on Christmas Eve all ends three hours earlier: the liquid hours at
 * 13:00 in New York, the late trading at 17:00.
 */
export const usStockHolidays: HolidayRule = (day) => {
  const year = Number(day.slice(0, 4))
  if (usHolidays(year).includes(day)) return 'closed'
  return earlyUsDays(year).includes(day) ? { hoursEarlier: 3 } : 'usual'
}

/** CME index futures: closed on three days, and until noon on the other US holidays. */
export const cmeHolidays: HolidayRule = (day) => {
  const year = Number(day.slice(0, 4))
  if ([observed(year, 1, 1), goodFriday(year), observed(year, 12, 25)].includes(day)) return 'closed'
  if (usHolidays(year).includes(day)) return { closes: '1200' }
  return earlyUsDays(year).includes(day) ? { closes: '1215' } : 'usual'
}

/** NYMEX energy, in New York: closed on the same three days, until 14:30 on the other US holidays, and until 13:45 on the early days. */
export const nymexHolidays: HolidayRule = (day) => {
  const rule = cmeHolidays(day)
  if (typeof rule === 'string') return rule
  return { closes: usHolidays(Number(day.slice(0, 4))).includes(day) ? '1430' : '1345' }
}

/** Currencies and metals: Christmas and New Year's Day. */
export const currencyHolidays: HolidayRule = (day) => (day.endsWith('-12-25') || day.endsWith('-01-01') ? 'closed' : 'usual')

/** Xetra. */
export const xetraHolidays: HolidayRule = (day) => {
  const year = Number(day.slice(0, 4))
  const fixed = ['-01-01', '-05-01', '-12-24', '-12-25', '-12-26', '-12-31'].map((date) => `${year}${date}`)
  return [...fixed, goodFriday(year), dayPlus(easterSunday(year), 1)].includes(day) ? 'closed' : 'usual'
}

/** Tokyo: the year's turn only. */
export const tokyoHolidays: HolidayRule = (day) => (['-01-01', '-01-02', '-01-03', '-12-31'].includes(day.slice(4)) ? 'closed' : 'usual')

function usHolidays(year: number): readonly string[] {
  return [
    observed(year, 1, 1),
    weekdayOf(year, 1, MONDAY, 3),
    weekdayOf(year, 2, MONDAY, 3),
    goodFriday(year),
    lastMondayOfMay(year),
    observed(year, 6, 19),
    observed(year, 7, 4),
    weekdayOf(year, 9, MONDAY, 1),
    thanksgiving(year),
    observed(year, 12, 25),
  ]
}

function earlyUsDays(year: number): readonly string[] {
  return [`${year}-07-03`, dayPlus(thanksgiving(year), 1), `${year}-12-24`]
}

function thanksgiving(year: number): string {
  return weekdayOf(year, 11, THURSDAY, 4)
}

function lastMondayOfMay(year: number): string {
  return dayPlus(weekdayOf(year, 6, MONDAY, 1), -DAYS_PER_WEEK)
}

function goodFriday(year: number): string {
  return dayPlus(easterSunday(year), -2)
}

/** A date that falls on a Saturday is kept on the Friday before it, on a Sunday on the Monday after it. */
function observed(year: number, month: number, date: number): string {
  const day = new Date(Date.UTC(year, month - 1, date))
  const shift = day.getUTCDay() === SATURDAY ? -1 : day.getUTCDay() === 0 ? 1 : 0
  return dayOf(day.getTime() + shift * DAY_MS)
}

/** The nth such weekday of a month. */
function weekdayOf(year: number, month: number, weekday: number, nth: number): string {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const date = 1 + ((weekday - first + DAYS_PER_WEEK) % DAYS_PER_WEEK) + (nth - 1) * DAYS_PER_WEEK
  return dayOf(Date.UTC(year, month - 1, date))
}

/** The anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8). */
function easterSunday(year: number): string {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const d = Math.floor(b / 4)
  const f = Math.floor((b + 8) / 25)
  const g = Math.floor((b - f + 1) / 3)
  const h = (19 * a + b - d - g + 15) % 30
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7
  const m = Math.floor((a + 11 * h + 22 * l) / 451)
  const sum = h + l - 7 * m + 114
  return dayOf(Date.UTC(year, Math.floor(sum / 31) - 1, (sum % 31) + 1))
}

/** `YYYY-MM-DD`, some days later. */
export function dayPlus(day: string, days: number): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS)
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
