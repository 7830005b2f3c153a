import type { StudyAnswer } from './api-types.ts'

/** What a study gives; docs/reference/studies.md has the fields of each. */
export type StudyOutput = StudyAnswer['outputs'][number]

/** A bar. `ts` is its beginning, `end` the first moment after it, µs UTC. */
export type Bar = {
  study: string
  cid: number
  ts: number
  end: number
  open: number
  high: number
  low: number
  close: number
  /** Units traded (shares, contracts); 0 where prices are quotes. */
  volume: number
  vwap: number | null
  trade_count: number
  quote_count: number
  /** Trading date, `null` where bars do not end with sessions. */
  session: string | null
  /** False: its end has not come yet. */
  complete: boolean
  late_ticks: number
}
