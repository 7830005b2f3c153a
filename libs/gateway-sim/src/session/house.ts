import type { Clock } from '../clock.ts'
import type { Catalogue } from '../contract/catalogue.ts'
import type { Log } from '../log.ts'
import type { Tape } from '../tape/tape.ts'

/** What all client sessions of a gateway share. */
export interface House {
  readonly log: Log
  readonly clock: Clock
  readonly catalogue: Catalogue
  readonly tape: Tape
  readonly accounts: readonly string[]
  readonly maxServerVersion: number
  /** A socket that holds more unsent bytes than this belongs to a slow client and is destroyed. */
  readonly slowClientBytes: number
  /** Client ids of the sessions that stand. */
  readonly clientIds: Set<number>
}
