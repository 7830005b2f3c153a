import type { ContractCalendar, SpanSource } from './contract-calendar.ts'
import { isOpen, knownAt, spanAt } from './known.ts'
import type { LocalDate } from './local-date.ts'
import { nextClose, nextOpen } from './next-change.ts'

/** `open`: regular hours. `pre_market` and `after_hours`: the rest of the full hours. `unknown`: IB has not told about this time. */
export const MARKET_STATUSES = ['open', 'closed', 'pre_market', 'after_hours', 'unknown'] as const
export type MarketStatus = (typeof MARKET_STATUSES)[number]

export interface MarketState {
  status: MarketStatus
  /** In full hours, in regular hours; undefined where IB has not told. */
  isTrading?: boolean
  isLiquid?: boolean
  /** Trading date of the session that runs. */
  date?: LocalDate
  /** `pattern` where a weekly pattern answers instead of IB. */
  source?: SpanSource
  /** Of the full hours, µs UTC; absent where they lie beyond what IB has told. */
  nextOpenUs?: number
  nextCloseUs?: number
}

/**
 * What the market does at an instant. In full hours outside the regular ones it is `pre_market` while regular hours of the same trading date are
 * still to come (a lunch break too), else `after_hours`, also on a date without regular hours.
 * @param us µs UTC
 */
export function marketState(calendar: ContractCalendar, us: number): MarketState {
  const { full, regular } = calendar.hours
  const isTrading = isOpen(calendar, 'full', us)
  const isLiquid = isOpen(calendar, 'regular', us)
  const span = spanAt(full, us) ?? spanAt(regular, us)
  const [nextOpenUs, nextCloseUs] = [nextOpen(calendar, 'full', us), nextClose(calendar, 'full', us)]
  return {
    status: statusAt(calendar, us),
    ...(isTrading !== undefined && { isTrading }),
    ...(isLiquid !== undefined && { isLiquid }),
    ...(span && { date: span.date, source: span.source }),
    ...(nextOpenUs !== undefined && { nextOpenUs }),
    ...(nextCloseUs !== undefined && { nextCloseUs }),
  }
}

function statusAt({ hours: { full, regular } }: ContractCalendar, us: number): MarketStatus {
  if (spanAt(regular, us)) return 'open'
  if (!knownAt(full, us)) return 'unknown'
  const span = spanAt(full, us)
  if (!span) return 'closed'
  if (!regular.dates.has(span.date)) return 'unknown'
  return regular.spans.some(({ date, fromUs }) => date === span.date && fromUs > us) ? 'pre_market' : 'after_hours'
}
