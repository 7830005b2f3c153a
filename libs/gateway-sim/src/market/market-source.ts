import type { SimContract } from '../contract/contract.ts'
import type { Tick, TickKind } from './tick.ts'

/** The present moment, told in both of the tape's times. */
export interface TapeMoment {
  /** µs since the tape started, pauses left out. */
  readonly tapeUs: number
  /** Wall time, µs since 1970-01-01 UTC. */
  readonly wallUs: number
}

/** What a source has for the moment, and when to ask again. */
export interface DueTicks {
  /** In the order of the tape; a bounded number, so there may be more that is due already. */
  readonly ticks: readonly Tick[]
  /** Tape time of the next tick, Infinity when nothing is to come before somebody subscribes. */
  readonly nextUs: number
  /** True after the last tick for good. */
  readonly ended: boolean
}

/** Where the ticks come from. The tape owns the time: it asks, sleeps and asks again. */
export interface MarketSource {
  readonly name: 'model' | 'replay'
  /** `reader`: ticks are always due, and the tape goes no faster than the sockets are read. */
  readonly pace: 'clock' | 'reader'
  /** Contracts that the source brings along. */
  readonly conIds: readonly number[]
  /** Kinds that the source has itself for a contract; the tape derives mid points from quotes and `last` from `all_last`. */
  carries(conId: number, kind: TickKind): boolean
  /** Somebody subscribed to this contract for the first time. */
  listen(contract: SimContract, now: TapeMoment): void
  /** Ticks that are due, for one caller at a time. */
  due(now: TapeMoment): Promise<DueTicks>
  close(): Promise<void>
}

/** Bounds a turn of the event loop, and what a fast replay puts into a socket before it looks at backpressure again. */
export const MAX_TICKS_PER_TURN = 512
