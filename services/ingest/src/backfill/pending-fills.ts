import type { BackfillPageEvent, RecorderEvent } from '@ib-stream/model'
import { type FillJob, type FillRange, jobKey, secondsOf } from './fill-job.ts'

/** What was done of a range before. */
export type DoneBefore = Pick<FillJob, 'done' | 'ticks' | 'pages'>

/** Something that is not at the end of its filling. */
export interface Pending {
  range: FillRange
  before: DoneBefore
}

/**
 * What an earlier run has left to fill: gaps and ranges without a result, with their pages.
 * @param events of the kinds `gap`, `backfill_page`, `backfill`, in the order of the log
 * @param sinceUs gaps that were over before are left alone
 * @param asked ranges that somebody asked for
 */
export function pendingFills(
  events: readonly RecorderEvent[],
  sinceUs: number,
  asked: readonly FillRange[] = [],
): { gaps: Pending[]; asked: Pending[] } {
  const gaps = new Map<string, FillRange>()
  const pages = new Map<string, BackfillPageEvent[]>()
  for (const event of events) {
    if (event.kind === 'gap' && event.toUs > sinceUs) gaps.set(jobKey(event), event)
    if (event.kind !== 'backfill' && event.kind !== 'backfill_page') continue
    const key = jobKey({ ...event, fromUs: event.gapFromUs, toUs: event.gapToUs })
    if (event.kind === 'backfill') {
      gaps.delete(key)
      pages.delete(key)
    } else pages.set(key, [...(pages.get(key) ?? []), event])
  }
  const pending = (range: FillRange): Pending => ({ range, before: doneIn(pages.get(jobKey(range)) ?? []) })
  return { gaps: [...gaps.values()].map(pending), asked: asked.map(pending) }
}

function doneIn(pages: readonly BackfillPageEvent[]): DoneBefore {
  return { done: pages.map(secondsOf), ticks: pages.reduce((sum, page) => sum + page.ticks, 0), pages: pages.length }
}
