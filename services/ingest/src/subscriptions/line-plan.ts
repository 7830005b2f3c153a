import type { TickType } from '@ib-stream/model'

/** A stream that somebody wants. */
export interface DesiredStream {
  cid: number
  tt: TickType
  /** `hash31(cid, tt)`: the id of the request and of the stream. */
  rid: number
  /** Recorded by itself; else for as long as somebody renews a lease. */
  tracked: boolean
  /** For people. */
  symbol: string
}

export interface LinePlan {
  /** Streams that get one of the gateway's tick-by-tick lines, most important first. */
  granted: readonly DesiredStream[]
  /** Streams for which none is left. */
  waiting: readonly DesiredStream[]
  /** Tick-by-tick lines of the account. */
  lines: number
  /** What a person may want to change. */
  warnings: readonly string[]
}

/**
 * Gives the gateway's tick-by-tick lines (IB: 5 % of the market data lines, 5 with the usual 100) to the streams in the order given, tracked ones before
 * leased ones.
 */
export function planLines(desired: readonly DesiredStream[], lines: number): LinePlan {
  const byRank = [...desired.filter(({ tracked }) => tracked), ...desired.filter(({ tracked }) => !tracked)]
  const granted = byRank.slice(0, lines)
  const waiting = byRank.slice(lines)
  const warnings = waiting.length === 0 ? [] : [`${byRank.length} streams asked for, ${lines} lines allowed: ${names(waiting)} must wait`]
  for (const { cid, tt, symbol } of granted) {
    if (tt === 'last' && granted.some((other) => other.cid === cid && other.tt === 'all_last'))
      warnings.push(`${symbol} is asked for as last and as all_last; all_last holds every trade of last, and one line would do`)
  }
  return { granted, waiting, lines, warnings }
}

const names = (streams: readonly DesiredStream[]): string => streams.map(({ symbol, tt }) => `${symbol} ${tt}`).join(', ')
