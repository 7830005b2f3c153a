import { addDays, type ContractCalendar, type UsRange, withWeeklyPattern } from '@ib-stream/calendar'
import { US_PER_DAY } from '@ib-stream/model'

/** Of more the hours are not worked out at once: what lies before stays as IB told it. */
const MOST_US = 5 * 366 * US_PER_DAY

/** The hours of a range, one day more on both sides: IB tells a week, other days are as their weekday mostly is. */
export function patternedOver(told: ContractCalendar, { fromUs, untilUs }: UsRange): ContractCalendar {
  const dateOf = (us: number) => told.zone.localTime(us).date
  return withWeeklyPattern(told, { from: addDays(dateOf(Math.max(fromUs, untilUs - MOST_US)), -1), to: addDays(dateOf(untilUs), 1) })
}
