import type { ContractCalendar, HoursKind, Span, SpanSource } from './contract-calendar.ts'
import { CalendarError } from './errors.ts'
import { knownAt, rangeEnd } from './known.ts'
import { type LocalDate, requireDay } from './local-date.ts'
import { firstEndingAfter, intersectRanges, lengthUs, type UsRange } from './us-range.ts'

/** All that is traded under one trading date, from its first µs to its last; `spans` leaves the breaks out. */
export interface Session extends UsRange {
  date: LocalDate
  kind: HoursKind
  source: SpanSource
  spans: readonly UsRange[]
}

/** What is known of a trading date. */
export type SessionAnswer = { status: 'open'; session: Session } | { status: 'closed' } | { status: 'unknown' }

/**
 * The session of a trading date.
 * @throws CalendarError `IBS_CALENDAR_ARGUMENT_INVALID` where `date` is no date
 */
export function sessionOf(calendar: ContractCalendar, kind: HoursKind, date: LocalDate): SessionAnswer {
  requireDay(date)
  const hours = calendar.hours[kind]
  const session = toSession(
    kind,
    hours.spans.filter((span) => span.date === date),
  )
  if (session) return { status: 'open', session }
  return { status: hours.dates.has(date) ? 'closed' : 'unknown' }
}

/** Sessions that overlap `[fromUs, untilUs)`, oldest first, whole (not cut to the range). */
export function sessionsIn(calendar: ContractCalendar, kind: HoursKind, { fromUs, untilUs }: UsRange): Session[] {
  checkRange({ fromUs, untilUs })
  const { spans } = calendar.hours[kind]
  const dates = new Set<LocalDate>()
  for (let i = firstEndingAfter(spans, fromUs, rangeEnd); i < spans.length; i++) {
    const span = spans[i]
    if (!span || span.fromUs >= untilUs) break
    dates.add(span.date)
  }
  return [...dates].flatMap((date) => {
    const session = toSession(
      kind,
      spans.filter((span) => span.date === date),
    )
    return session ? [session] : []
  })
}

/** Part of a range in sessions, and the part of which IB has not told; both in µs, each time counted once. */
export function sessionTime(calendar: ContractCalendar, kind: HoursKind, range: UsRange): { sessionUs: number; unknownUs: number } {
  checkRange(range)
  const { spans, known } = calendar.hours[kind]
  return {
    sessionUs: lengthUs(intersectRanges(spans, [range])),
    unknownUs: range.untilUs - range.fromUs - lengthUs(intersectRanges(known, [range])),
  }
}

/** The stretch in which one trading date is the current one: from its first µs to the next date's, so ticks after its close count to it. */
export interface SessionPeriod extends UsRange {
  /** Undefined where IB has not told. */
  date?: LocalDate
}

/** The period that holds an instant. Its bounds tell how long the answer holds, so that a caller need not ask for each tick. */
export function sessionPeriodAt(calendar: ContractCalendar, kind: HoursKind, us: number): SessionPeriod {
  const { spans, known } = calendar.hours[kind]
  const range = knownAt(calendar.hours[kind], us)
  if (!range) return unknownPeriod(known, us)
  let next = firstEndingAfter(spans, us, rangeEnd)
  while (next < spans.length && (spans[next] as Span).fromUs <= us) next++
  const current = spans[next - 1]
  while (next < spans.length && (spans[next] as Span).date === current?.date) next++
  const untilUs = Math.min(spans[next]?.fromUs ?? range.untilUs, range.untilUs)
  if (!current || current.fromUs < range.fromUs) return { fromUs: range.fromUs, untilUs }
  let first = next - 1
  while (spans[first - 1]?.date === current.date) first--
  return { fromUs: Math.max((spans[first] as Span).fromUs, range.fromUs), untilUs, date: current.date }
}

function unknownPeriod(known: readonly UsRange[], us: number): SessionPeriod {
  const next = firstEndingAfter(known, us, rangeEnd)
  return { fromUs: known[next - 1]?.untilUs ?? Number.NEGATIVE_INFINITY, untilUs: known[next]?.fromUs ?? Number.POSITIVE_INFINITY }
}

function toSession(kind: HoursKind, spans: readonly Span[]): Session | undefined {
  const [first, last] = [spans[0], spans.at(-1)]
  if (!first || !last) return undefined
  const ranges = spans.map(({ fromUs, untilUs }) => ({ fromUs, untilUs }))
  return { date: first.date, kind, source: first.source, fromUs: first.fromUs, untilUs: last.untilUs, spans: ranges }
}

export function checkRange({ fromUs, untilUs }: UsRange): void {
  if (fromUs < untilUs) return
  const facts = { fromUs, untilUs }
  throw new CalendarError('IBS_CALENDAR_ARGUMENT_INVALID', `the range ${fromUs} to ${untilUs} is empty; let it end after it begins`, facts)
}
