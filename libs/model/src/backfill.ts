import type { TickType } from './tick.ts'

/** While a request is under way a reply comes at least this often, ms. */
export const BACKFILL_REPLY_EVERY_MS = 5_000

/** What ingest is asked to fill from IB's history: a range of IB's stamps, `[startUs, endUs)`, µs UTC; whole seconds are filled. */
export interface BackfillRequest {
  cid: number
  tts: TickType[]
  startUs: number
  endUs: number
}

/** How far it is; the last one has `state: 'end'`. */
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
