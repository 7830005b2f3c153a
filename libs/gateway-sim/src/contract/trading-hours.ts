import type { DayHours } from './contract.ts'
import { type DayRule, dayPlus, type HolidayRule } from './holidays.ts'

/** A session in local time. */
export interface LocalSession {
  /** `YYYY-MM-DD` and `HHMM`. */
  readonly opensDay: string
  readonly opens: string
  readonly closesDay: string
  readonly closes: string
}

const SUNDAY = 0
const SATURDAY = 6
/** IB tells about a week, from the day of the question on. */
const DAYS = 7

/**
 * Sessions that close on a day, in order; none at weekends and on holidays. One that opens later than it closes opened on the evening before.
 * @param day `YYYY-MM-DD` in the contract's zone
 */
export function sessionsOf(day: string, hours: readonly DayHours[], holidays: HolidayRule): readonly LocalSession[] {
  if (isWeekend(day)) return []
  const rule = holidays(day)
  if (rule === 'closed') return []
  return hours
    .map(({ opens, closes }) => ({
      opensDay: opens > closes ? dayPlus(day, -1) : day,
      opens,
      closesDay: day,
      closes: closesBy(rule, closes),
    }))
    .filter(({ opensDay, opens, closes }) => opensDay !== day || opens < closes)
}

/**
 * Hours in IB's format: `20250521:1700-20250522:1600;…;20250524:CLOSED`. A session stands under the day it closes on; a Sunday whose evening
 * opens Monday's session has no entry.
 * @param fromDay first day, `YYYY-MM-DD` in the contract's zone
 */
export function ibHours(hours: readonly DayHours[], holidays: HolidayRule, fromDay: string): string {
  const opensDayBefore = hours.some(({ opens, closes }) => opens > closes)
  const days = Array.from({ length: DAYS }, (_, offset) => dayPlus(fromDay, offset))
  return days
    .flatMap((day) => {
      const sessions = sessionsOf(day, hours, holidays)
      if (sessions.length > 0) return sessions.map(inIbFormat)
      return weekdayOf(day) === SUNDAY && opensDayBefore ? [] : [`${compact(day)}:CLOSED`]
    })
    .join(';')
}

/** When a session ends that usually ends at `closes`, both `HHMM`. */
function closesBy(rule: Exclude<DayRule, 'closed'>, closes: string): string {
  if (rule === 'usual') return closes
  const latest = 'closes' in rule ? rule.closes : String(Number(closes) - rule.hoursEarlier * 100).padStart(4, '0')
  return closes < latest ? closes : latest
}

function inIbFormat({ opensDay, opens, closesDay, closes }: LocalSession): string {
  return `${compact(opensDay)}:${opens}-${compact(closesDay)}:${closes}`
}

function isWeekend(day: string): boolean {
  return [SATURDAY, SUNDAY].includes(weekdayOf(day))
}

function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay()
}

function compact(day: string): string {
  return day.replaceAll('-', '')
}
