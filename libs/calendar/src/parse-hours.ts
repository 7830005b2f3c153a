import { CalendarError } from './errors.ts'
import { addDays, dateOfCompact, type LocalDate, requireDay } from './local-date.ts'
import type { LocalTime } from './time-zone.ts'

/** One stretch of trading in wall time; `date` is the trading date that it belongs to. */
export interface LocalSpan {
  date: LocalDate
  start: LocalTime
  end: LocalTime
}

/** What one string of hours tells: spans, and dates on which nothing is traded. */
export interface ToldHours {
  spans: readonly LocalSpan[]
  closed: readonly LocalDate[]
}

const PART = /^(?:(\d{8}):)?(\d{4})-(?:(\d{8}):)?(\d{4})$/
const MINUTES_PER_DAY = 1440
/** IB tells a month at most; a longer list is a damaged date. */
const MOST_DAYS = 366

/**
 * Reads `tradingHours` or `liquidHours` of contract details. Forms, which may be mixed:
 * - `20221229:0400-20221229:2000;20221231:CLOSED`, also with evening starts (`20250521:1700-20250522:1600`);
 * - several spans a day, by `;` or `,` (`20250521:0915-20250521:1200,20250521:1300-20250521:1630`);
 * - the form of gateways before 970, without end dates: `20160321:1700-1515,1530-1600`. The date is the trading date, so a span that would end
 *   before it begins started the evening before.
 *
 * The trading date of a span with an end date is the date on which it ends (midnight still belongs to the day before). One that ends on a date
 * that the same string calls CLOSED, such as Friday's night session, belongs to the next date with hours.
 * An empty string tells nothing and is no error: IB sends it for some contracts.
 * @param field named in the error: `tradingHours` or `liquidHours`
 * @throws CalendarError `IBS_CALENDAR_HOURS_MALFORMED` with field, entry and rule
 */
export function parseHours(text: string, field: string): ToldHours {
  const spans: LocalSpan[] = []
  const closed: LocalDate[] = []
  for (const entry of text.split(';').map((each) => each.trim())) {
    if (entry === '') continue
    const label = dateOfCompact(entry.slice(0, 8))
    if (!label || entry[8] !== ':') throw malformed(field, entry, 'an entry begins with YYYYMMDD:')
    const rest = entry.slice(9)
    if (rest.toUpperCase() === 'CLOSED') closed.push(label)
    else spans.push(...rest.split(',').map((part) => spanOf(label, part.trim(), field, entry)))
  }
  checkLength(spans, closed, field, text)
  return { spans: spans.map((span) => onOpenDate(span, spans, closed)), closed }
}

function spanOf(label: LocalDate, part: string, field: string, entry: string): LocalSpan {
  const [, startDate, startTime, endDate, endTime] = PART.exec(part) ?? []
  if (!startTime || !endTime) throw malformed(field, entry, `"${part}" is not HHMM-HHMM, HHMM-YYYYMMDD:HHMM or CLOSED`)
  const start = { date: startDate ? dateOfCompact(startDate) : label, minute: minuteOf(startTime) }
  const end = { date: endDate ? dateOfCompact(endDate) : label, minute: minuteOf(endTime) }
  if (!start.date || !end.date) throw malformed(field, entry, `"${part}" has a date that does not exist`)
  if (start.minute === undefined || end.minute === undefined) throw malformed(field, entry, `"${part}" has a time beyond 2400`)
  const span = endDate
    ? dated({ date: start.date, minute: start.minute }, { date: end.date, minute: end.minute })
    : undated(label, start.minute, end.minute)
  if (wallMinutes(span.end) <= wallMinutes(span.start)) throw malformed(field, entry, `"${part}" ends before it begins`)
  return span
}

function dated(start: LocalTime, end: LocalTime): LocalSpan {
  return { date: end.minute === 0 ? addDays(end.date, -1) : end.date, start, end }
}

function undated(label: LocalDate, start: number, end: number): LocalSpan {
  const last = end === 0 ? MINUTES_PER_DAY : end
  return { date: label, start: { date: start >= last ? addDays(label, -1) : label, minute: start }, end: { date: label, minute: last } }
}

function onOpenDate(span: LocalSpan, spans: readonly LocalSpan[], closed: readonly LocalDate[]): LocalSpan {
  if (!closed.includes(span.date) || span.start.date === span.date) return span
  const next = spans.map(({ date }) => date).filter((date) => date > span.date && !closed.includes(date))
  return { ...span, date: next.sort()[0] ?? span.date }
}

function checkLength(spans: readonly LocalSpan[], closed: readonly LocalDate[], field: string, text: string): void {
  const days = [...closed, ...spans.flatMap(({ start, end }) => [start.date, end.date])].map(requireDay)
  if (Math.max(...days) - Math.min(...days) > MOST_DAYS) throw malformed(field, text, `its dates are more than ${MOST_DAYS} days apart`)
}

function minuteOf(hhmm: string): number | undefined {
  const minute = Number(hhmm.slice(0, 2)) * 60 + Number(hhmm.slice(2))
  return minute <= MINUTES_PER_DAY && Number(hhmm.slice(2)) < 60 ? minute : undefined
}

const wallMinutes = ({ date, minute }: LocalTime): number => requireDay(date) * MINUTES_PER_DAY + minute

function malformed(field: string, entry: string, rule: string): CalendarError {
  const what = `${field}: "${entry}": ${rule}`
  return new CalendarError('IBS_CALENDAR_HOURS_MALFORMED', `${what}; ask for the contract's details again`, { field, entry, rule })
}
