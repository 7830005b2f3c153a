import type { DayHours } from './contract.ts'

const SUNDAY = 0
const SATURDAY = 6
/** IB tells about a week, from the day of the question on. */
const DAYS = 7

/** A calendar day and time of day in one zone. */
export interface LocalTime {
  /** `YYYY-MM-DD`. */
  readonly day: string
  /** Minutes since local midnight. */
  readonly minute: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Wall time in an IANA zone (IB's US/Eastern and US/Central are IANA links). */
export function localTime(date: Date, timeZone: string): LocalTime {
  const [day, time] = formatOf(timeZone).format(date).split(' ')
  return { day: day ?? '', minute: minuteOfDay((time ?? '').replace(':', '')) }
}

/** `0930` → 570. */
export function minuteOfDay(hhmm: string): number {
  return Number(hhmm.slice(0, 2)) * 60 + Number(hhmm.slice(2, 4))
}

/**
 * Hours in IB's format: `20250521:1700-20250522:1600;…;20250524:CLOSED`. A session stands under the day it closes on; a Sunday whose evening
 * opens Monday's session has no entry. Holidays are not known.
 * @param fromDay first day, `YYYY-MM-DD` in the contract's zone
 */
export function ibHours(hours: DayHours, fromDay: string): string {
  const opensDayBefore = hours.opens > hours.closes
  const entries: string[] = []
  for (let offset = 0; offset < DAYS; offset++) {
    const weekday = new Date(dayPlus(fromDay, offset)).getUTCDay()
    const day = compact(dayPlus(fromDay, offset))
    if (weekday === SUNDAY && opensDayBefore) continue
    if (weekday === SATURDAY || weekday === SUNDAY) entries.push(`${day}:CLOSED`)
    else entries.push(`${opensDayBefore ? compact(dayPlus(fromDay, offset - 1)) : day}:${hours.opens}-${day}:${hours.closes}`)
  }
  return entries.join(';')
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  // sv-SE writes `2026-11-24 03:43`.
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  formats.set(timeZone, format)
  return format
}

function dayPlus(day: string, days: number): number {
  const date = new Date(`${day}T00:00:00Z`)
  return date.setUTCDate(date.getUTCDate() + days)
}

function compact(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10).replaceAll('-', '')
}
