import type { ContractCalendar, HoursKind } from './contract-calendar.ts'
import { checkRange, type Session, sessionsIn } from './sessions.ts'
import { intersectRanges, joinRanges, lengthUs, type UsRange } from './us-range.ts'

/** How much of the session time of a range was recorded with certainty; µs. */
export interface Completeness {
  sessionUs: number
  /** Session time outside the gaps. */
  certainUs: number
  /** Time of which IB has not told whether there was a session; not counted above. */
  unknownUs: number
  /** certainUs / sessionUs, 0 to 1; undefined where no session time is known in the range. */
  share?: number
}

/**
 * Certain time by session time. Gaps outside sessions cost nothing; overlapping gaps count once.
 * @param gaps times without certainty, in any order
 * @throws CalendarError `IBS_CALENDAR_ARGUMENT_INVALID` where the range is empty
 */
export function completeness(calendar: ContractCalendar, kind: HoursKind, range: UsRange, gaps: readonly UsRange[]): Completeness {
  checkRange(range)
  const { spans, known } = calendar.hours[kind]
  const sessions = intersectRanges(spans, [range])
  const sessionUs = lengthUs(sessions)
  const certainUs = sessionUs - lengthUs(intersectRanges(sessions, joinRanges(gaps)))
  const unknownUs = range.untilUs - range.fromUs - lengthUs(intersectRanges(known, [range]))
  return { sessionUs, certainUs, unknownUs, ...(sessionUs > 0 && { share: certainUs / sessionUs }) }
}

/** The same for each session of a range, as far as it lies in the range; oldest first. */
export function completenessBySession(
  calendar: ContractCalendar,
  kind: HoursKind,
  range: UsRange,
  gaps: readonly UsRange[],
): (Pick<Completeness, 'sessionUs' | 'certainUs'> & { session: Session; share: number })[] {
  const holes = joinRanges(gaps)
  return sessionsIn(calendar, kind, range).map((session) => {
    const spans = intersectRanges(session.spans, [range])
    const sessionUs = lengthUs(spans)
    const certainUs = sessionUs - lengthUs(intersectRanges(spans, holes))
    return { session, sessionUs, certainUs, share: certainUs / sessionUs }
  })
}

/**
 * Certain time of session time in percent, cut to hundredths: 99.99 is not all. By whole numbers, as 0.57 · 10,000 is 5699.99… in floating point.
 * @param times µs, whole
 * @returns null without session time
 */
export function percentOf({ certainUs, sessionUs }: Pick<Completeness, 'certainUs' | 'sessionUs'>): number | null {
  return sessionUs > 0 ? Number((BigInt(certainUs) * 10_000n) / BigInt(sessionUs)) / 100 : null
}
