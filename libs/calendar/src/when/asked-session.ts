import { US_PER_DAY } from '@ib-stream/model'
import type { ContractCalendar, HoursKind } from '../contract-calendar.ts'
import { addDays, dayNumber, type LocalDate } from '../local-date.ts'
import { type Session, sessionOf, sessionPeriodAt, sessionsIn } from '../sessions.ts'
import { withWeeklyPattern } from '../weekly-pattern.ts'
import type { Parsed } from './parsed.ts'

/** A session as it was asked for: by its trading date, or by where it stands from now. */
export type AskedSession = { date: LocalDate } | { word: SessionWord }
/** `current`: the one that runs, or else the newest that began. `previous`: the one before it. */
export const SESSION_WORDS = ['current', 'previous'] as const
export type SessionWord = (typeof SESSION_WORDS)[number]

export const SESSION_FORMS = 'a trading date (2025-07-30), current or previous'

const EARLIEST = '1990-01-01'
const LATEST = '2199-12-31'

export function parseSession(text: string): Parsed<AskedSession> {
  const word = text.trim().toLowerCase()
  if ((SESSION_WORDS as readonly string[]).includes(word)) return { value: { word: word as SessionWord } }
  if (dayNumber(word) === undefined) return { problem: 'is no trading date' }
  return word >= EARLIEST && word <= LATEST ? { value: { date: word } } : { problem: `is not from ${EARLIEST} to ${LATEST}` }
}

/** Far enough to find two sessions across any run of holidays. */
const LOOK_BACK_DAYS = 15

/**
 * The session that is meant. Where IB has not told the hours of that time, they are taken from its week (`source: 'pattern'`).
 * @returns the session, or why there is none
 */
export function findSession(calendar: ContractCalendar, kind: HoursKind, asked: AskedSession, nowUs: number): Parsed<Session> {
  if ('word' in asked) {
    const begun = sessionsUntil(calendar, kind, nowUs)
    const session = begun.at(asked.word === 'current' ? -1 : -2)
    return session ? { value: session } : { problem: 'cannot be told: the hours of this contract are not known' }
  }
  const { date } = asked
  const answer = sessionOf(withWeeklyPattern(calendar, { from: addDays(date, -1), to: addDays(date, 1) }), kind, date)
  if (answer.status === 'open') return { value: answer.session }
  return { problem: answer.status === 'closed' ? 'is a day without this session' : 'is a day whose hours are not known' }
}

/** Sessions that have begun in the last days, oldest first. */
function sessionsUntil(calendar: ContractCalendar, kind: HoursKind, nowUs: number): Session[] {
  const today = calendar.zone.localTime(nowUs).date
  const filled = withWeeklyPattern(calendar, { from: addDays(today, -LOOK_BACK_DAYS), to: addDays(today, 1) })
  return sessionsIn(filled, kind, { fromUs: nowUs - LOOK_BACK_DAYS * US_PER_DAY, untilUs: nowUs + 1 })
}

/**
 * The close of the day before: the end of the last session whose trading date lies before today, where an evening session already counts to tomorrow.
 * Undefined where the hours are not known.
 */
export function yesterdayClose(calendar: ContractCalendar, kind: HoursKind, nowUs: number): number | undefined {
  const { date } = calendar.zone.localTime(nowUs)
  const traded = sessionPeriodAt(calendar, 'full', nowUs).date ?? date
  const today = traded > date ? traded : date
  return sessionsUntil(calendar, kind, nowUs).findLast((session) => session.date < today)?.untilUs
}

/** Start of the session that runs, or else of the newest that began; undefined where the hours are not known. */
export const sessionStart = (calendar: ContractCalendar, kind: HoursKind, nowUs: number): number | undefined =>
  sessionsUntil(calendar, kind, nowUs).at(-1)?.fromUs
