import type { TickType } from './tick.ts'

/** Subject under which ingest publishes its events into the log, between the ticks: `ib.events.<kind>`. */
export const EVENT_SUBJECT_PREFIX = 'ib.events.'

interface Base {
  /** When it happened, µs UTC; strictly increasing together with the ticks' `st`. */
  st: number
  /** Number of the gateway connection since ingest started, from 1; 0 before the first. */
  epoch: number
}

export interface ConnectionEvent extends Base {
  kind: 'connection'
  state: 'connected' | 'disconnected'
  host: string
  port: number
  /** Why, in words; for `disconnected` also IB's code where there is one. */
  reason: string
  code?: number
}

export interface SubscriptionEvent extends Base {
  kind: 'subscription'
  cid: number
  tt: TickType
  rid: number
  state: 'subscribed' | 'refused' | 'ended'
  code?: number
  reason?: string
}

/** Why ticks may be missing. */
export const GAP_CAUSES = [
  'disconnected', // the connection to the gateway ended
  'daily_restart', // it ended when the gateway's daily restart is due
  'client_id_in_use', // another program has our client id (326)
  'gateway_mute', // the gateway's socket is open and nothing comes
  'connectivity_lost', // the gateway is cut off from IB (1100, 2110)
  'farm_broken', // the gateway has lost the farm that its ticks come from (2103)
  'data_lost', // IB forgot every request (1101)
  'competing_session', // another session of the login has the market data
  'refused', // IB does not take the request for this stream
  'no_line', // no tick-by-tick line is left for it
  'stale', // the stream fell silent while its market is busy, and was asked for anew
  'spool_full', // what came could not be kept
  'ingest_down', // ingest was not running
] as const
export type GapCause = (typeof GAP_CAUSES)[number]

/** A time in which ticks of `cid`/`tt` may be missing has begun. */
export interface GapOpenedEvent extends Base {
  kind: 'gap_opened'
  cid: number
  tt: TickType
  /** Last moment known good, µs UTC on our clock (`st`). */
  fromUs: number
  cause: GapCause
  /** IB's, where it gave one. */
  code?: number
  reason: string
}

/** A time in which ticks of `cid`/`tt` may have been missed, now that it is over. */
export interface GapEvent extends Base {
  kind: 'gap'
  cid: number
  tt: TickType
  /** Last moment known good and first moment good again, µs UTC on our clock (`st`). */
  fromUs: number
  toUs: number
  cause: GapCause
  /** IB's, where it gave one. */
  code?: number
  reason: string
}

interface OfBackfill extends Base {
  cid: number
  tt: TickType
  /** What is being filled: the bounds of a `gap` event, or a range that somebody asked for; µs UTC. */
  gapFromUs: number
  gapToUs: number
}

/** A page of IB's history is in the log; its ticks stand before this event. Seconds that it names are not asked for again after a restart. */
export interface BackfillPageEvent extends OfBackfill {
  kind: 'backfill_page'
  /** First `ts` that the page covers and first one that it does not, µs UTC, whole seconds. */
  fromUs: number
  toUs: number
  /** Ticks that were missing and are filled in. */
  ticks: number
}

/** How the filling of a gap, or of a range that was asked for, ended. */
export interface BackfillEvent extends OfBackfill {
  kind: 'backfill'
  /** `filled`: all that IB has. `partly`: not before `filledFromUs`. `unavailable`: nothing. */
  state: 'filled' | 'partly' | 'unavailable'
  /** Of `partly`: the first `ts` from which on it is filled, µs UTC. */
  filledFromUs?: number
  /** Somebody asked for it; else it is a gap of the ledger. */
  asked?: true
  ticks: number
  pages: number
  /** Of `partly` and `unavailable`. */
  reason?: string
  /** IB's, where it refused. */
  code?: number
  /** IB's history has no unreported trades, which `all_last` has live. */
  lacks?: 'unreported'
}

/** Stands for a log message that neither spool nor log can give back (see the publisher's refill). */
export interface LostEvent extends Base {
  kind: 'lost'
  /** Log sequence that it fills. */
  seq: number
}

/** The front contract of a series has moved on. */
export interface RollEvent extends Base {
  kind: 'roll'
  /** Of what is recorded: `MNQ.front`. */
  name: string
  /** Contract ids before and from now on; both are recorded for a while around it. */
  from: number
  to: number
  /** Last trading date of the new one, as IB writes it. */
  lastTradeDate: string
}

/** A price came that cannot follow from the one before: wrong data, mostly, or a market that jumped. The tick itself is recorded as it came. */
export interface JumpEvent extends Base {
  kind: 'jump'
  cid: number
  tt: TickType
  /** Price of the stream's tick before this event, and of the one before that. */
  price: number
  before: number
  reason: string
}

/** Our clock and IB's went apart or agree again, or the system's clock was set. */
export interface ClockEvent extends Base {
  kind: 'clock'
  state: 'differs' | 'agrees' | 'set'
  /** Our time minus IB's, as far as IB's whole seconds tell; of `set` by how much. µs. */
  offsetUs: number
  reason: string
}

/** The stamps of a stream are not of now by IB's own clock, or are again. */
export interface LagEvent extends Base {
  kind: 'lag'
  cid: number
  tt: TickType
  state: 'off' | 'agrees'
  /** How old the stamps of its ticks are when they come, µs; negative: from the future. */
  lagUs: number
  reason: string
}

export type RecorderEvent =
  | ConnectionEvent
  | SubscriptionEvent
  | GapOpenedEvent
  | GapEvent
  | BackfillPageEvent
  | BackfillEvent
  | RollEvent
  | JumpEvent
  | ClockEvent
  | LagEvent
  | LostEvent
export type RecorderEventKind = RecorderEvent['kind']

/** Subject of an event in the log. */
export const eventSubject = (kind: RecorderEventKind): string => `${EVENT_SUBJECT_PREFIX}${kind}`
