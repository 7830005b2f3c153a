import type { TickType } from './tick.ts'

/** Asks ingest to record a stream for a while: the body of `ib.subscribe.<cid>.<tt>`; an empty one is a lease of 30 s without a name. */
export interface LeaseRequest {
  /** Whose lease it is; the same one renews it. Leases of several hold a stream until the last is over. */
  holder?: string
  /** Gives it back before its time. */
  end?: true
}

/** What ingest answers. A lease that is refused or has no line stands all the same while it is renewed, and gets ticks when that becomes possible. */
export type LeaseAnswer =
  | {
      ok: true
      cid: number
      tt: TickType
      rid: number
      /** `waiting`: for the gateway, or for the 15-second rule of IB; `ended`: it was given back. */
      state: 'subscribed' | 'waiting' | 'ended'
      /** What it waits for, in words. */
      reason?: string
      /** Until when it stands without being renewed, µs UTC. */
      untilUs: number
    }
  | { ok: false; code: string; message: string; ibCode?: number; lines?: readonly LineHolder[] }

/** Who has one of the gateway's tick-by-tick lines. */
export interface LineHolder {
  cid: number
  tt: TickType
  symbol: string
  /** Recorded by itself, or for as long as somebody asks for it. */
  tracked: boolean
}
