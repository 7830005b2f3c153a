import { msFromUs, US_PER_DAY, US_PER_HOUR, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { CalendarError } from './errors.ts'
import { dateOfDay, type LocalDate, requireDay } from './local-date.ts'
import { ZONE_ALIASES } from './zone-aliases.ts'

const US_PER_MINUTE = 60 * US_PER_SECOND

/** Wall time: a date and minutes since its midnight. */
export interface LocalTime {
  date: LocalDate
  /** 0 to 1439 (1440 is accepted where an end is meant). */
  minute: number
}

/** One zone with its whole history of offsets, by Intl. */
export interface TimeZone {
  /** As it was asked for: what IB sent. */
  readonly id: string
  /** The IANA zone that it stands for. */
  readonly iana: string
  /** Wall time minus UTC at an instant, µs. */
  offsetUs(us: number): number
  /** Wall time at an instant, cut to the minute. */
  localTime(us: number): LocalTime
  /**
   * Instant of a wall time, µs. A doubled time (clocks go back) is the first of the two, a skipped one is moved on by the hour that was skipped:
   * the rule of java.time, in which IB's gateway is written, and of Temporal.
   */
  instant(date: LocalDate, minute: number): number
}

const zones = new Map<string, TimeZone>()

/**
 * The zone of a name: every IANA name (also in another case) and IB's own (`EST`, `CTT`, `China/Beijing`, `JST (Japan Standard Time)`).
 * @throws CalendarError `IBS_CALENDAR_ZONE_UNKNOWN`: a wrong zone would be a wrong status, so nothing is put in its place
 */
export function timeZone(id: string): TimeZone {
  const known = zones.get(id)
  if (known) return known
  const name = id.replace(/\s*\(.*\)\s*$/, '').trim()
  const format = formatOf(ZONE_ALIASES[name.toUpperCase()] ?? name)
  if (!format || name === '')
    throw new CalendarError('IBS_CALENDAR_ZONE_UNKNOWN', `"${id}" is no time zone; use an IANA name such as America/New_York`, {
      timeZoneId: id,
    })
  const zone = zoneOf(id, format)
  zones.set(id, zone)
  return zone
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  try {
    const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
    return new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', ...fields })
  } catch {
    return undefined // a RangeError is Intl's only way to say that it does not know a zone
  }
}

function zoneOf(id: string, format: Intl.DateTimeFormat): TimeZone {
  const iana = format.resolvedOptions().timeZone
  const offsets = new Map<number, number>()
  return { id, iana, offsetUs, localTime, instant }

  /** Offsets change on whole quarters of an hour (all zones since 1990), so one look a quarter is enough. */
  function offsetUs(us: number): number {
    const quarter = Math.floor(us / (US_PER_HOUR / 4))
    const cached = offsets.get(quarter)
    if (cached !== undefined) return cached
    const startUs = quarter * (US_PER_HOUR / 4)
    const offset = wallMs(format, startUs) * US_PER_MS - startUs
    if (offsets.size >= MOST_OFFSETS) offsets.clear()
    offsets.set(quarter, offset)
    return offset
  }

  function localTime(us: number): LocalTime {
    const wallUs = us + offsetUs(us)
    const day = Math.floor(wallUs / US_PER_DAY)
    return { date: dateOfDay(day), minute: Math.floor((wallUs - day * US_PER_DAY) / US_PER_MINUTE) }
  }

  function instant(date: LocalDate, minute: number): number {
    const wallUs = requireDay(date) * US_PER_DAY + minute * US_PER_MINUTE
    const before = offsetUs(wallUs - US_PER_DAY)
    const after = offsetUs(wallUs + US_PER_DAY)
    for (const offset of [before, after]) if (offsetUs(wallUs - offset) === offset) return wallUs - offset
    return wallUs - before
  }
}

/** A year of quarters: what a query over a year of hours touches. */
const MOST_OFFSETS = 4 * 24 * 366

function wallMs(format: Intl.DateTimeFormat, us: number): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(msFromUs(us))) part[type] = Number(value)
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second)
}
