export { type Completeness, completeness, completenessBySession, percentOf } from './completeness.ts'
export {
  type ContractCalendar,
  contractCalendar,
  HOURS_KINDS,
  type Hours,
  type HoursKind,
  type HoursTelling,
  type Span,
  type SpanSource,
} from './contract-calendar.ts'
export { CALENDAR_ERROR_CODES, CalendarError, type CalendarErrorCode } from './errors.ts'
export { type Expiry, type ExpiryNotice, expiryNotice, parseExpiry } from './expiry.ts'
export { type FrontContract, frontContract, type Roll, type RollRule, rollsIn, rollTime, type SeriesContract } from './front-contract.ts'
export { calendarOf, keepTelling } from './kept-tellings.ts'
export { isOpen } from './known.ts'
export { addDays, isDay, type LocalDate, weekdayOf } from './local-date.ts'
export { MARKET_STATUSES, type MarketState, type MarketStatus, marketState } from './market-status.ts'
export { nextClose, nextOpen, previousClose } from './next-change.ts'
export { type ScheduleDay, schedule } from './schedule.ts'
export {
  type Session,
  type SessionAnswer,
  type SessionPeriod,
  sessionOf,
  sessionPeriodAt,
  sessionsIn,
  sessionTime,
} from './sessions.ts'
export { type LocalTime, type TimeZone, timeZone } from './time-zone.ts'
export type { UsRange } from './us-range.ts'
export { withWeeklyPattern } from './weekly-pattern.ts'
export { type AskedSession, parseSession, SESSION_FORMS } from './when/asked-session.ts'
export { MOMENT_FORMS, MOMENT_WORDS, type Moment, type MomentWord, parseMoment } from './when/moment.ts'
export type { Parsed } from './when/parsed.ts'
export {
  type AskedRange,
  DEFAULT_LENGTH_US,
  isRange,
  type RangeContext,
  type RangeProblem,
  resolveRange,
  type TimeRange,
} from './when/time-range.ts'
export { parseZone, ZONE_FORMS } from './when/zone.ts'
