import type { TickMessage } from '@ib-stream/model'

/** A way of writing ticks. One and the same tick differs between two of them by what each leaves out. */
export interface Form {
  name: string
  /** The lower, the more of a tick it keeps. */
  rank: number
}

export const V3: Form = { name: 'v3', rank: 2 }

/** What became of one record of a source. */
export type Turned =
  | { tick: TickMessage; form: Form }
  /** Whole and readable, but it announces something else than a tick. */
  | { other: string }
  /** Why it cannot be turned. `broken`: these bytes are no record at all, so the next one may begin anywhere. */
  | { fault: string; broken?: true }

export interface TurnOptions {
  /** IANA zone of times that say none and cannot be matched with one that does. */
  zone: string | undefined
}
