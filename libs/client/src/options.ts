import type { Tick } from './api-types.ts'
import type { QueryValue } from './request.ts'

export type TickType = Tick['tt']

/** An IB contract id, or a name: `AAPL`, `MNQ.front`. */
export type ContractRef = number | string

/** A `Date`, a number since 1970 (s, ms or µs by its size), or text as the API takes it: ISO with its zone, `now`, `midnight`. */
export type Time = Date | number | string

export interface Ranged {
  /** First moment, included. */
  from?: Time | undefined
  /** First moment left out. */
  to?: Time | undefined
  /** Length instead of one of them: `90s`, `1h30m`. */
  duration?: string | undefined
  /** A session of the contract instead of the three: `2025-07-30`, `current`, `previous`. */
  session?: string | undefined
  hours?: 'regular' | 'full' | undefined
  /** IANA zone for times that have none. */
  tz?: string | undefined
  signal?: AbortSignal | undefined
}

export const rangeQuery = ({ from, to, duration, session, hours, tz }: Ranged): Record<string, QueryValue> => ({
  start_time: timeText(from),
  end_time: timeText(to),
  buffer_duration: duration,
  session,
  hours,
  tz,
})

export const timeText = (time: Time | undefined): string | number | undefined => (time instanceof Date ? time.toISOString() : time)
