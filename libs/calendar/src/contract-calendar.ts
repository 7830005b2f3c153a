import { dateOfDay, type LocalDate, requireDay } from './local-date.ts'
import { type LocalSpan, parseHours, type ToldHours } from './parse-hours.ts'
import { type TimeZone, timeZone } from './time-zone.ts'
import { joinRanges, type UsRange } from './us-range.ts'

/** `regular`: IB's liquid hours. `full`: IB's trading hours, with what comes before and after. */
export const HOURS_KINDS = ['regular', 'full'] as const
export type HoursKind = (typeof HOURS_KINDS)[number]

/** Where a span is from: IB said so, or a weekly pattern was carried on (see {@link withWeeklyPattern}). */
export type SpanSource = 'told' | 'pattern'

/** One stretch of trading, `[fromUs, untilUs)`, µs UTC. A trading date may have several (lunch, evening). */
export interface Span extends UsRange {
  /** The trading date that it belongs to, in the contract's zone. */
  date: LocalDate
  source: SpanSource
}

/** Hours of one kind: what is traded when, and for which times and dates that is known at all. */
export interface Hours {
  /** Sorted, disjoint. */
  spans: readonly Span[]
  /** Times for which `spans` are the whole truth. Sorted, disjoint. */
  known: readonly UsRange[]
  /** Trading dates told, closed ones among them. */
  dates: ReadonlySet<LocalDate>
}

/** When one contract trades. Plain, immutable data; the functions of this package ask it. */
export interface ContractCalendar {
  zone: TimeZone
  hours: Readonly<Record<HoursKind, Hours>>
}

/** What IB's contract details say about hours, as they came. */
export interface HoursTelling {
  timeZoneId: string
  tradingHours: string
  liquidHours: string
}

/**
 * The calendar of a contract from what IB told, oldest first. IB tells about the week to come; earlier tellings that were kept say what past
 * days were like. A later telling replaces an earlier one date by date.
 * @throws CalendarError `IBS_CALENDAR_HOURS_MALFORMED`, `IBS_CALENDAR_ZONE_UNKNOWN`
 */
export function contractCalendar(...tellings: readonly [HoursTelling, ...HoursTelling[]]): ContractCalendar {
  const merge = (field: 'tradingHours' | 'liquidHours') =>
    tellings.map((telling) => toldHours(parseHours(telling[field], field), timeZone(telling.timeZoneId))).reduce(overlay)
  const newest = tellings.at(-1) ?? tellings[0]
  return { zone: timeZone(newest.timeZoneId), hours: { full: merge('tradingHours'), regular: merge('liquidHours') } }
}

/** `newer` for the dates it tells, `older` for the others. */
export function overlay(older: Hours, newer: Hours): Hours {
  const kept = older.spans.filter(({ date }) => !newer.dates.has(date))
  return {
    spans: disjoint([...kept, ...newer.spans]),
    known: joinRanges([...older.known, ...newer.known]),
    dates: new Set([...older.dates, ...newer.dates]),
  }
}

function toldHours(told: ToldHours, zone: TimeZone): Hours {
  const spans = disjoint(
    told.spans.map(({ date, start, end }) => ({
      fromUs: zone.instant(start.date, start.minute),
      untilUs: zone.instant(end.date, end.minute),
      date,
      source: 'told' as const,
    })),
  )
  const listed = [...told.closed, ...told.spans.map(({ date }) => date)].sort()
  const [first, last] = [listed[0], listed.at(-1)]
  if (!first || !last) return { spans: [], known: [], dates: new Set() }
  const days = Array.from({ length: requireDay(last) - requireDay(first) + 1 }, (_, i) => dateOfDay(requireDay(first) + i))
  const fromUs = Math.min(zone.instant(first, 0), spans[0]?.fromUs ?? Number.POSITIVE_INFINITY)
  return { spans, known: joinRanges([{ fromUs, untilUs: knownUntil(told, last, zone, spans) }]), dates: new Set(days) }
}

/**
 * End of what the last date tells: its midnight; but where sessions begin the evening before their date, only up to the earliest such evening,
 * for that session's date was not told any more.
 */
function knownUntil(told: ToldHours, last: LocalDate, zone: TimeZone, spans: readonly Span[]): number {
  const evenings = told.spans.filter(startsTheDayBefore).map(({ start }) => start.minute)
  return Math.max(zone.instant(last, evenings.length > 0 ? Math.min(...evenings) : 1440), spans.at(-1)?.untilUs ?? 0)
}

const startsTheDayBefore = ({ date, start }: LocalSpan): boolean => start.date < date

/** Sorted; what overlaps within a date is joined, between dates the later one gives way; what IB repeats counts once. */
function disjoint(spans: readonly Span[]): Span[] {
  const apart: Span[] = []
  for (const span of [...spans].sort((a, b) => a.fromUs - b.fromUs || b.untilUs - a.untilUs)) {
    const last = apart.at(-1)
    if (!last || span.fromUs >= last.untilUs) apart.push({ ...span })
    else if (span.untilUs <= last.untilUs) continue
    else if (span.date === last.date) last.untilUs = span.untilUs
    else apart.push({ ...span, fromUs: last.untilUs })
  }
  return apart.filter(({ fromUs, untilUs }) => fromUs < untilUs)
}
