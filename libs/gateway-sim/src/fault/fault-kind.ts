import type { Clock } from '../clock.ts'
import type { MarketEvents } from '../market/market-events.ts'
import type { ClientSession } from '../session/client-session.ts'
import type { House } from '../session/house.ts'
import type { FaultFields, FaultValues } from './fields.ts'

/** What faults can take hold of. */
export interface FaultTarget {
  readonly house: House
  readonly clock: Clock
  /** Connections that stand, whether they have passed START_API or not. */
  readonly sessions: readonly ClientSession[]
  /** Halts and bursts; undefined where the market is a recording. */
  readonly marketEvents: MarketEvents | undefined
  /** The port refuses connections until as many openings as closings were asked for. */
  closePort(): void
  openPort(): void
}

/** Ends a fault. Called once. */
export type Lift = () => void

/** A fault that can be ordered. */
export interface FaultKind<Fields extends FaultFields = FaultFields> {
  readonly doc: string
  readonly fields: Fields
  /** Something of the market itself: a recording has none. */
  readonly ofMarket?: true
  /** @returns what ends it, or undefined when it is over at once */
  start(target: FaultTarget, values: FaultValues<Fields>): Lift | undefined
}

/** Lets the compiler find the types of a kind's values. */
export function faultKind<Fields extends FaultFields>(kind: FaultKind<Fields>): FaultKind<Fields> {
  return kind
}

/** Sessions of one client, or of all for -1. */
export function sessionsOf(target: FaultTarget, client: number): readonly ClientSession[] {
  return client === -1 ? target.sessions : target.sessions.filter(({ clientId }) => clientId === client)
}
