import type { Contract } from '@ib-stream/model'
import { type ContractCalendar, contractCalendar, type HoursTelling } from './contract-calendar.ts'
import { addDays, type LocalDate, requireDay } from './local-date.ts'
import { parseHours, type ToldHours } from './parse-hours.ts'

/** A telling is a string of at most a year; with so many of them the calendar reaches back for three to four. */
const MOST_TELLINGS = 4
const MOST_DAYS = 360

/**
 * What IB told of hours, kept for days that are over, holidays and half-days among them: IB itself tells only about the week to come. A telling that goes on where the last
 * one ends is joined to it; one after a hole stands alone, for of the hole nothing is known.
 * @param kept oldest first
 * @returns the same with `newest`, whose dates replace those that were told before
 * @throws CalendarError `IBS_CALENDAR_HOURS_MALFORMED` where `newest` cannot be read
 */
export function keepTelling(kept: readonly HoursTelling[], newest: HoursTelling): HoursTelling[] {
  const dates = datesOf(newest)
  if (!dates) return [...kept]
  const last = kept.at(-1)
  const joined = last && join(last, newest, dates)
  return (joined ? [...kept.slice(0, -1), joined] : [...kept, newest]).slice(-MOST_TELLINGS)
}

/**
 * The calendar of a contract as IB describes it, with what it told before.
 * @throws CalendarError `IBS_CALENDAR_HOURS_MALFORMED`, `IBS_CALENDAR_ZONE_UNKNOWN`
 */
export function calendarOf(contract: HoursTelling & Pick<Contract, 'toldBefore'>): ContractCalendar {
  const [first, ...others] = [...(contract.toldBefore ?? []), contract]
  return contractCalendar(first ?? contract, ...others)
}

function join(older: HoursTelling, newer: HoursTelling, { first: firstNew, last: lastNew }: Dates): HoursTelling | undefined {
  const dates = datesOf(older)
  const isOneStretch = dates && older.timeZoneId === newer.timeZoneId && firstNew <= addDays(dates.last, 1) && firstNew >= dates.first
  if (!isOneStretch || requireDay(lastNew) - requireDay(dates.first) > MOST_DAYS) return undefined
  const both = (field: 'tradingHours' | 'liquidHours') => [...entriesBefore(older[field], firstNew), newer[field]].join(';')
  return { timeZoneId: newer.timeZoneId, tradingHours: both('tradingHours'), liquidHours: both('liquidHours') }
}

interface Dates {
  first: LocalDate
  last: LocalDate
}

function datesOf({ tradingHours }: HoursTelling): Dates | undefined {
  const dates = tradingDates(parseHours(tradingHours, 'tradingHours'))
  const [first, last] = [dates[0], dates.at(-1)]
  return first !== undefined && last !== undefined ? { first, last } : undefined
}

const tradingDates = ({ spans, closed }: ToldHours): LocalDate[] => [...closed, ...spans.map(({ date }) => date)].sort()

const entriesBefore = (text: string, date: LocalDate): string[] =>
  text.split(';').filter((entry) => {
    const [own] = entry.trim() === '' ? [] : tradingDates(parseHours(entry, 'hours'))
    return own !== undefined && own < date
  })
