import { type ContractCalendar, type Hours, type HoursKind, overlay, type Span } from './contract-calendar.ts'
import { CalendarError } from './errors.ts'
import { addDays, type LocalDate, requireDay, weekdayOf } from './local-date.ts'
import type { TimeZone } from './time-zone.ts'
import { joinRanges } from './us-range.ts'

/** A span as wall time around the midnight of its trading date: days before (−1 is the evening before) and minutes. */
interface PatternSpan {
  startDay: number
  startMinute: number
  endDay: number
  endMinute: number
}

const MOST_DAYS = 20 * 366

/**
 * The calendar with the hours that IB told carried on to dates of which it told nothing: each weekday as it mostly was, one that was told only as a
 * holiday or a half-day as the others mostly were. Holidays are not known, so this is a guess, and every span of it says `source: 'pattern'`; what IB told stays as it is. A weekday that was never told stays unknown.
 * @param range first and last trading date to fill
 * @throws CalendarError `IBS_CALENDAR_ARGUMENT_INVALID` where `to` is before `from` or more than 20 years after it
 */
export function withWeeklyPattern(calendar: ContractCalendar, range: { from: LocalDate; to: LocalDate }): ContractCalendar {
  const days = requireDay(range.to) - requireDay(range.from) + 1
  if (days < 1 || days > MOST_DAYS)
    throw new CalendarError('IBS_CALENDAR_ARGUMENT_INVALID', `${range.from} to ${range.to} is no range of dates up to 20 years`, range)
  const fill = (kind: HoursKind) => overlay(patternHours(calendar.hours[kind], calendar.zone, range.from, days), calendar.hours[kind])
  return { zone: calendar.zone, hours: { full: fill('full'), regular: fill('regular') } }
}

function patternHours(told: Hours, zone: TimeZone, from: LocalDate, days: number): Hours {
  const patterns = weekdayPatterns(told, zone)
  const dates = Array.from({ length: days }, (_, i) => addDays(from, i)).filter(
    (date) => !told.dates.has(date) && patterns.has(weekdayOf(date)),
  )
  const spans = dates.flatMap((date) => (patterns.get(weekdayOf(date)) ?? []).map((span) => spanOf(date, span, zone)))
  const known = dates.map((date) =>
    dayRange(date, patterns.get(weekdayOf(date)) ?? [], patterns.get(weekdayOf(addDays(date, 1))) ?? [], zone),
  )
  return { spans, known: joinRanges(known), dates: new Set(dates) }
}

/** A date's share of known time: from its own evening start or midnight to the next date's. */
function dayRange(date: LocalDate, today: readonly PatternSpan[], tomorrow: readonly PatternSpan[], zone: TimeZone) {
  const startOf = (day: LocalDate, spans: readonly PatternSpan[]) =>
    Math.min(zone.instant(day, 0), ...spans.map((span) => spanOf(day, span, zone).fromUs))
  return { fromUs: startOf(date, today), untilUs: startOf(addDays(date, 1), tomorrow) }
}

function spanOf(date: LocalDate, { startDay, startMinute, endDay, endMinute }: PatternSpan, zone: TimeZone): Span {
  const [fromUs, untilUs] = [zone.instant(addDays(date, startDay), startMinute), zone.instant(addDays(date, endDay), endMinute)]
  return { date, fromUs, untilUs, source: 'pattern' }
}

const CLOSED = '[]'
const MONDAY = 1
const FRIDAY = 5

/**
 * For each weekday told its most frequent hours; of equally frequent ones the latest. A day from Monday to Friday that was closed, or closed earlier than the others
 * mostly do, was an exception (a holiday, the eve of one) more likely than a rule: it counts only where nothing else was told of its weekday, and told but once it has
 * the most frequent hours of the others.
 */
function weekdayPatterns(told: Hours, zone: TimeZone): Map<number, readonly PatternSpan[]> {
  const counts = new Map<number, Map<string, number>>()
  for (const date of [...told.dates].sort()) {
    const pattern = JSON.stringify(told.spans.filter((span) => span.date === date).map((span) => patternOf(span, zone)))
    const seen = counts.get(weekdayOf(date)) ?? new Map<string, number>()
    const count = (seen.get(pattern) ?? 0) + 1
    seen.delete(pattern) // set again at the end: the latest of equals is found last
    counts.set(weekdayOf(date), seen.set(pattern, count))
  }
  const isWorkday = (weekday: number) => weekday >= MONDAY && weekday <= FRIDAY
  const usual = usualOf([...counts].filter(([weekday]) => isWorkday(weekday)).map(([, seen]) => seen))
  return new Map(
    [...counts].map(([weekday, seen]) => {
      const pattern = usual !== undefined && isWorkday(weekday) ? ruleOf(seen, usual) : mostFrequent(seen)
      return [weekday, JSON.parse(pattern) as PatternSpan[]]
    }),
  )
}

/** What a weekday's tellings make its rule. */
function ruleOf(seen: ReadonlyMap<string, number>, usual: string): string {
  const ordinary = new Map([...seen].filter(([pattern]) => pattern !== CLOSED && !closesEarly(pattern, usual)))
  if (ordinary.size > 0) return mostFrequent(ordinary)
  return [...seen.values()].every((count) => count === 1) ? usual : mostFrequent(seen)
}

/** The most frequent pattern with hours of several weekdays; of equally frequent ones none that closes earlier than another. */
function usualOf(weekdays: readonly ReadonlyMap<string, number>[]): string | undefined {
  const sums = new Map<string, number>()
  for (const [pattern, count] of weekdays.flatMap((seen) => [...seen]))
    if (pattern !== CLOSED) sums.set(pattern, (sums.get(pattern) ?? 0) + count)
  let usual: string | undefined
  for (const [pattern, count] of sums) {
    const best = usual === undefined ? 0 : (sums.get(usual) ?? 0)
    if (usual === undefined || count > best || (count === best && !closesEarly(pattern, usual))) usual = pattern
  }
  return usual
}

/** It begins as the other one and is over before. */
function closesEarly(pattern: string, other: string): boolean {
  const [one, two] = [pattern, other].map((text) => JSON.parse(text) as PatternSpan[])
  const [start, otherStart] = [one?.[0], two?.[0]]
  const [end, otherEnd] = [one?.at(-1), two?.at(-1)]
  if (!start || !otherStart || !end || !otherEnd) return false
  const isSameStart = start.startDay === otherStart.startDay && start.startMinute === otherStart.startMinute
  return isSameStart && (end.endDay < otherEnd.endDay || (end.endDay === otherEnd.endDay && end.endMinute < otherEnd.endMinute))
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  let best = ''
  for (const [pattern, count] of counts) if (count >= (counts.get(best) ?? 0)) best = pattern
  return best
}

function patternOf({ date, fromUs, untilUs }: Span, zone: TimeZone): PatternSpan {
  const [start, end] = [zone.localTime(fromUs), zone.localTime(untilUs)]
  const dayOf = (other: LocalDate) => requireDay(other) - requireDay(date)
  return { startDay: dayOf(start.date), startMinute: start.minute, endDay: dayOf(end.date), endMinute: end.minute }
}
