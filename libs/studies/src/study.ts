import type { ContractCalendar } from '@ib-stream/calendar'
import type { TickMessage } from '@ib-stream/model'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** What a study gives: always finite JSON, a number that does not exist is `null`. Times are µs UTC as in ticks. */
export interface StudyOutput {
  study: string
  /** Contract id. */
  cid: number
  /** Event time, µs UTC: IB's stamp of the tick that made this output (bars and spreads: the beginning of their interval). */
  ts: number
}

/** Output, or what a study holds at this moment. */
export type StudyRecord<Fields> = StudyOutput & Fields

/**
 * One study over the ticks of one contract, in the order in which they are given. Pure: it reads no clock, and the same ticks give the same outputs,
 * live, replayed or in batches of any size.
 */
export interface Study {
  readonly name: string
  /** Takes a tick; types that the study does not use are passed over. The outputs belong to the caller; mostly none or one. */
  push(tick: TickMessage): readonly StudyOutput[]
  /**
   * Gives what is unfinished when the ticks end (an open bar). The study can go on after it.
   * @param untilUs every tick whose `ts` is before it was given, µs UTC: what ends by then is complete. Default: nothing is known beyond the last tick
   */
  flush(untilUs?: number): readonly StudyOutput[]
  /** The state now, as an output of the same study; undefined before the session's first tick that counts. */
  snapshot(): StudyOutput | undefined
}

/** What a study may know beside its parameters. */
export interface StudyContext {
  /** When the contract trades: resets at the session's start need it. */
  calendar?: ContractCalendar
  /** First `ts` that is given, µs UTC: what begins before it is not complete. Default: all that there is is given. */
  fromUs?: number
}
