import { type BackfillEvent, type BackfillPageEvent, hash31, type TickType, US_PER_SECOND } from '@ib-stream/model'
import type { Seconds, StRange } from './fill-window.ts'

/** Something to be filled from IB's history, with how far that has come. */
export interface FillJob extends StRange {
  cid: number
  tt: TickType
  rid: number
  /** Somebody asked for this range of IB's stamps; else it is a gap, which is known by ours. */
  asked: boolean
  /** Pages that are in the log. */
  done: Seconds[]
  /** Ticks filled in, and pages asked for, so far. */
  ticks: number
  pages: number
  /** Refusals in a row that named no reason which passes. */
  refusals: number
  /** Seconds that are to be covered; known once it was begun. */
  window: Seconds | undefined
  /** Not to be worked on before, µs of the steady clock. */
  notBeforeUs: number
}

export type FillRange = Pick<FillJob, 'cid' | 'tt' | 'fromUs' | 'toUs'>

export function fillJob({ cid, tt, fromUs, toUs }: FillRange, { asked = false, notBeforeUs = 0 } = {}): FillJob {
  const start = { done: [], ticks: 0, pages: 0, refusals: 0, window: undefined, notBeforeUs }
  return { cid, tt, fromUs, toUs, rid: hash31(cid, tt), asked, ...start }
}

/** One name for the same thing to fill. */
export const jobKey = ({ cid, tt, fromUs, toUs }: FillRange): string => `${cid} ${tt} ${fromUs} ${toUs}`

/** What the log says of a page. */
export function pageEvent(job: FillJob, seconds: Seconds, ticks: number): Omit<BackfillPageEvent, 'st' | 'epoch'> {
  const { cid, tt, fromUs: gapFromUs, toUs: gapToUs } = job
  const [fromUs, toUs] = [seconds.fromSecond * US_PER_SECOND, (seconds.toSecond + 1) * US_PER_SECOND]
  return { kind: 'backfill_page', cid, tt, gapFromUs, gapToUs, fromUs, toUs, ticks }
}

/** The seconds that a page's event names. */
export const secondsOf = ({ fromUs, toUs }: StRange): Seconds => ({
  fromSecond: Math.floor(fromUs / US_PER_SECOND),
  toSecond: Math.ceil(toUs / US_PER_SECOND) - 1,
})

export type FillEnd = Pick<BackfillEvent, 'state' | 'reason' | 'code' | 'filledFromUs'>

/** What the log says at the end. */
export function endEvent(job: FillJob, end: FillEnd): Omit<BackfillEvent, 'st' | 'epoch'> {
  const { cid, tt, fromUs: gapFromUs, toUs: gapToUs, ticks, pages, asked } = job
  const lacks = tt === 'all_last' && end.state !== 'unavailable' ? { lacks: 'unreported' as const } : {}
  return { kind: 'backfill', cid, tt, gapFromUs, gapToUs, ...end, ...(asked ? { asked } : {}), ticks, pages, ...lacks }
}
