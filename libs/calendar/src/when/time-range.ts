import { endOfSecond, US_PER_HOUR } from '@ib-stream/model'
import type { ContractCalendar, HoursKind, SpanSource } from '../contract-calendar.ts'
import { addDays, type LocalDate, weekdayOf } from '../local-date.ts'
import { type TimeZone, timeZone } from '../time-zone.ts'
import { type AskedSession, findSession, SESSION_FORMS, sessionStart, yesterdayClose } from './asked-session.ts'
import { localInstant, type Moment } from './moment.ts'

/** A range as it was asked for; what is left out has a default. */
export interface AskedRange {
  start?: Moment | undefined
  end?: Moment | undefined
  durationUs?: number | undefined
  session?: AskedSession | undefined
  /** Which hours sessions and closes go by. @default 'regular' */
  hours?: HoursKind | undefined
  /** Zone of wall times, midnight and week; `exchange`: the contract's own. @default UTC, and none for wall times */
  zone?: TimeZone | 'exchange' | undefined
}

export interface RangeContext {
  nowUs: number
  /** The hours of the contract; where they are needed and not there the answer is `needs_calendar`. */
  calendar?: ContractCalendar | undefined
}

/** `[startUs, endUs)`, µs UTC. */
export interface TimeRange {
  startUs: number
  endUs: number
  /** The session that it is, where one was asked for; `pattern`: its hours are a guess from the week, as IB has not told them. */
  session?: { date: LocalDate; source: SpanSource }
}

/** Why a range cannot be had. */
export interface RangeProblem {
  /** The end of a sentence that begins with field and value. */
  problem: string
  field: keyof AskedRange
  allowed: string
  /** `contradiction`: together they make no range. `unknown`: the calendar does not have it. `needs_zone`, `needs_calendar`: something is missing to read it. */
  why: 'contradiction' | 'unknown' | 'needs_zone' | 'needs_calendar'
}

export const DEFAULT_LENGTH_US = US_PER_HOUR
const CALENDAR_WORDS: readonly string[] = ['session_start', 'yesterday_close']

/** Whether the hours of the contract are needed to know the range. */
const needsCalendar = ({ start, end, session, zone }: AskedRange): boolean =>
  session !== undefined ||
  zone === 'exchange' ||
  [start, end].some((moment) => moment?.kind === 'word' && CALENDAR_WORDS.includes(moment.word))

/**
 * The range that is meant: two of start, end and length; or one of them, the others being now and an hour; or a session.
 * The present second is whole in a range that ends now, because IB's stamps are whole seconds.
 */
export function resolveRange(asked: AskedRange, context: RangeContext): TimeRange | RangeProblem {
  const beside =
    asked.session === undefined ? undefined : (['start', 'end', 'durationUs'] as const).find((field) => asked[field] !== undefined)
  if (beside !== undefined)
    return contradiction(beside, 'cannot stand beside a session, which has both ends', 'either a session or start, end, length')
  if (needsCalendar(asked) && !context.calendar) return missingCalendar(asked)
  if (asked.session !== undefined) return ofSession(asked.session, asked, context)
  const { durationUs } = asked
  const start = instantOf('start', asked, context)
  if (typeof start === 'object') return start
  const end = instantOf('end', asked, context)
  if (typeof end === 'object') return end
  if (start !== undefined && end !== undefined && durationUs !== undefined)
    return contradiction('durationUs', 'is one too many beside start and end', 'two of start, end and length')
  const nowUs = endOfSecond(context.nowUs)
  const lengthUs = durationUs ?? DEFAULT_LENGTH_US
  const range =
    start === undefined
      ? { startUs: Math.max(0, (end ?? nowUs) - lengthUs), endUs: end ?? nowUs }
      : { startUs: start, endUs: end ?? (durationUs === undefined ? nowUs : start + durationUs) }
  if (range.startUs < range.endUs) return range
  const what = `makes a range that ends at ${range.endUs} µs, not after its start ${range.startUs} µs`
  return contradiction(asked.end === undefined ? 'start' : 'end', what, 'an end after the start; without an end the range ends now')
}

export const isRange = (answer: TimeRange | RangeProblem): answer is TimeRange => 'startUs' in answer

const contradiction = (field: keyof AskedRange, problem: string, allowed: string): RangeProblem => ({
  field,
  problem,
  allowed,
  why: 'contradiction',
})

function missingCalendar({ session, zone, start }: AskedRange): RangeProblem {
  const field =
    session !== undefined
      ? 'session'
      : zone === 'exchange'
        ? 'zone'
        : start?.kind === 'word' && CALENDAR_WORDS.includes(start.word)
          ? 'start'
          : 'end'
  return {
    field,
    problem: 'needs the hours of one contract, which are not known here',
    allowed: 'a time of its own',
    why: 'needs_calendar',
  }
}

function ofSession(session: AskedSession, asked: AskedRange, { nowUs, calendar }: RangeContext): TimeRange | RangeProblem {
  if (calendar === undefined) return missingCalendar(asked)
  const { value, problem } = findSession(calendar, asked.hours ?? 'regular', session, nowUs)
  if (problem !== undefined) return { field: 'session', problem, allowed: SESSION_FORMS, why: 'unknown' }
  return { startUs: value.fromUs, endUs: value.untilUs, session: { date: value.date, source: value.source } }
}

function instantOf(field: 'start' | 'end', asked: AskedRange, context: RangeContext): number | undefined | RangeProblem {
  const moment = asked[field]
  if (moment === undefined) return undefined
  if (moment.kind === 'instant') return moment.us
  const zone = asked.zone === 'exchange' ? context.calendar?.zone : asked.zone
  if (moment.kind === 'word') return instantOfWord(field, moment.word, zone ?? timeZone('UTC'), asked, context)
  if (zone !== undefined) return Math.max(0, localInstant(moment, zone))
  return {
    field,
    problem: 'has no zone; add Z for UTC or an offset like +02:00, or give tz',
    allowed: 'a time with its zone',
    why: 'needs_zone',
  }
}

function instantOfWord(
  field: 'start' | 'end',
  word: Extract<Moment, { kind: 'word' }>['word'],
  zone: TimeZone,
  { hours = 'regular' }: AskedRange,
  { nowUs, calendar }: RangeContext,
): number | RangeProblem {
  const { date } = zone.localTime(nowUs)
  switch (word) {
    case 'now':
      return endOfSecond(nowUs)
    case 'midnight':
      return zone.instant(date, 0)
    case 'week_start':
      return zone.instant(addDays(date, -((weekdayOf(date) + 6) % 7)), 0)
    case 'session_start':
    case 'yesterday_close': {
      const find = word === 'session_start' ? sessionStart : yesterdayClose
      const us = calendar && find(calendar, hours, nowUs)
      return (
        us ?? { field, problem: 'cannot be told: the hours of this contract are not known', allowed: 'a time of its own', why: 'unknown' }
      )
    }
  }
}
