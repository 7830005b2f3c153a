import type { Clock } from '../clock.ts'
import type { Catalogue } from '../contract/catalogue.ts'
import type { Conduct } from '../fault/conduct.ts'
import type { HistoryPacing } from '../limit/history-pacing.ts'
import type { TickLines } from '../limit/tick-lines.ts'
import type { Log } from '../log.ts'
import type { MarketSource } from '../market/market-source.ts'
import type { Tape } from '../tape/tape.ts'

/** What all client sessions of a gateway share. */
export interface House {
  readonly log: Log
  readonly clock: Clock
  readonly catalogue: Catalogue
  readonly market: MarketSource
  readonly tape: Tape
  readonly conduct: Conduct
  readonly lines: TickLines
  readonly historyPacing: HistoryPacing
  /** Messages that a client may send in a second; 0: any number. */
  readonly messagesPerSecond: number
  readonly accounts: readonly string[]
  readonly maxServerVersion: number
  /** A socket that holds more unsent bytes than this belongs to a slow client and is destroyed. */
  readonly slowClientBytes: number
  readonly seed: number
  /** Client ids of the sessions that stand. */
  readonly clientIds: Set<number>
}
