import type { BackfillPageEvent, GapEvent, RecorderEvent } from '@ib-stream/model'
import { type FillJob, jobKey, secondsOf } from './fill-job.ts'

/** A gap that is not at the end of its filling, and what was done of it. */
export interface PendingGap {
  gap: GapEvent
  before: Pick<FillJob, 'done' | 'ticks' | 'pages'>
}

/**
 * What an earlier run has left to fill: gaps without a result, with their pages.
 * @param events of the kinds `gap`, `backfill_page`, `backfill`, in the order of the log
 * @param sinceUs gaps that were over before are left alone
 */
export function pendingGaps(events: readonly RecorderEvent[], sinceUs: number): PendingGap[] {
  const gaps = new Map<string, GapEvent>()
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
  return [...gaps].map(([key, gap]) => {
    const done = pages.get(key) ?? []
    const ticks = done.reduce((sum, page) => sum + page.ticks, 0)
    return { gap, before: { done: done.map(secondsOf), ticks, pages: done.length } }
  })
}
