import { US_PER_MS } from '../clock.ts'

/** A calendar day and time of day in one zone. */
export interface LocalTime {
  /** `YYYY-MM-DD`. */
  readonly day: string
  /** Minutes since local midnight. */
  readonly minute: number
}

const formats = new Map<string, Intl.DateTimeFormat>()
const MINUTE_MS = 60_000

/** Wall time in an IANA zone (IB's US/Eastern, US/Central, MET and Japan are IANA links). */
export function localTime(date: Date, timeZone: string): LocalTime {
  const [day, time] = formatOf(timeZone).format(date).split(' ')
  return { day: day ?? '', minute: minuteOfDay((time ?? '').replace(':', '')) }
}

/** `0930` → 570. */
export function minuteOfDay(hhmm: string): number {
  return Number(hhmm.slice(0, 2)) * 60 + Number(hhmm.slice(2, 4))
}

/**
 * The moment of a local time, µs since 1970-01-01 UTC. A time that the change to summer leaves out is read by the offset before it.
 * @param day `YYYY-MM-DD`
 */
export function usOfLocalTime(day: string, minute: number, timeZone: string): number {
  const asUtcMs = Date.parse(`${day}T00:00:00Z`) + minute * MINUTE_MS
  const offsetMs = (ms: number) => {
    const local = localTime(new Date(ms), timeZone)
    return Date.parse(`${local.day}T00:00:00Z`) + local.minute * MINUTE_MS - ms
  }
  const firstOffsetMs = offsetMs(asUtcMs)
  const secondOffsetMs = offsetMs(asUtcMs - firstOffsetMs)
  const ms = asUtcMs - secondOffsetMs
  const isLeftOut = offsetMs(ms) !== secondOffsetMs
  return (isLeftOut ? asUtcMs - Math.min(firstOffsetMs, secondOffsetMs) : ms) * US_PER_MS
}

/** True for the names that Intl knows. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false // Intl throws a RangeError for any other name
  }
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
