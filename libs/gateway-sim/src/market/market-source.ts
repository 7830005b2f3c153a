import type { SimContract } from '../contract/contract.ts'
import type { MarketEvents } from './market-events.ts'
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

/** Seconds of the past that are asked for; both ends are included. */
export interface PastSeconds {
  readonly contract: SimContract
  /** Ticks of other kinds may be given too, or left out. */
  readonly kind: TickKind
  readonly fromSecond: number
  readonly toSecond: number
  /** `backward` gives the last second first; the ticks of a second are always in order. */
  readonly direction: 'forward' | 'backward'
}

/** How far a contract's tape has been given out. */
export interface TapeMark {
  /** Of the source's own making: ticks behind it are past. */
  readonly mark: number
  /** The last second of which all is past. */
  readonly lastWholeSecond: number
}

/** Where the ticks come from. The tape owns the time: it asks, sleeps and asks again. */
export interface MarketSource {
  readonly name: 'model' | 'replay'
  /** `reader`: ticks are always due, and the tape goes no faster than the sockets are read. */
  readonly pace: 'clock' | 'reader'
  /** Contracts that the source brings along. */
  readonly conIds: readonly number[]
  /** True when contracts trade in their exchange's hours only. */
  readonly keepsHours: boolean
  /** What can be ordered of the market; undefined for a recording. */
  readonly events: MarketEvents | undefined
  /** Kinds that the source has itself for a contract; the tape derives mid points from quotes, and `last` and `all_last` from each other. */
  carries(conId: number, kind: TickKind): boolean
  /** Somebody subscribed to this contract. */
  listen(contract: SimContract, now: TapeMoment): void
  /** Nobody listens to it any more. */
  unlisten(conId: number): void
  /** Ticks that are due, for one caller at a time. */
  due(now: TapeMoment): Promise<DueTicks>
  /** What the last `due` gave went to nobody: it is due again, and not past. Missing where a market goes on, whoever listens. */
  takeBack?(): void
  /** @param nowUs wall time */
  markOf(conId: number, nowUs: number): TapeMark
  /**
   * What was due in seconds of the past, second by second, empty ones left out: the same ticks in the same order as live.
   * @param mark of `markOf`: what lies behind it is not given, so that a stream can follow
   */
  past(range: PastSeconds, mark: number): AsyncIterable<readonly Tick[]>
  close(): Promise<void>
}

/** Bounds a turn of the event loop, and what a fast replay puts into a socket before it looks at backpressure again. */
export const MAX_TICKS_PER_TURN = 512
