import type { TickType } from './tick.ts'

/** Where ingest takes requests to fill a range from IB's history: a JSON {@link BackfillRequest} in, {@link BackfillReply} after reply out, the last one with `state: 'end'`. */
export const BACKFILL_SUBJECT = 'ib.backfill'
/** While a request is under way a reply comes at least this often, ms. */
export const BACKFILL_REPLY_EVERY_MS = 5_000

/** A range of IB's stamps, `[startUs, endUs)`, µs UTC; whole seconds are filled. */
export interface BackfillRequest {
  cid: number
  tts: TickType[]
  startUs: number
  endUs: number
}

/** How far it is. */
export type BackfillReply =
  | { ok: false; code: string; message: string; field?: string }
  | { ok: true; state: 'end' }
  | {
      ok: true
      state: 'waiting' | 'running' | 'filled' | 'partly' | 'unavailable'
      tt: TickType
      /** Ticks filled in, pages asked for. */
      ticks: number
      pages: number
      /** Part of the range that is covered, 0 to 1. */
      share: number
      reason?: string | undefined
    }
