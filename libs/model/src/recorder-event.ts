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

/** A time in which ticks of `cid`/`tt` may have been missed. */
export interface GapEvent extends Base {
  kind: 'gap'
  cid: number
  tt: TickType
  /** Last moment known good and first moment good again, µs UTC on our clock (`st`). */
  fromUs: number
  toUs: number
  cause: 'disconnected' | 'ingest_down' | 'refused'
  reason: string
}

/** Stands for a log message that neither spool nor log can give back (see the publisher's refill). */
export interface LostEvent extends Base {
  kind: 'lost'
  /** Log sequence that it fills. */
  seq: number
}

export type RecorderEvent = ConnectionEvent | SubscriptionEvent | GapEvent | LostEvent
export type RecorderEventKind = RecorderEvent['kind']

/** Subject of an event in the log. */
export const eventSubject = (kind: RecorderEventKind): string => `${EVENT_SUBJECT_PREFIX}${kind}`
