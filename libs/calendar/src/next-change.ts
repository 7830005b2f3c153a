import type { ContractCalendar, HoursKind } from './contract-calendar.ts'
import { knownAt, rangeEnd } from './known.ts'
import { firstEndingAfter } from './us-range.ts'

/**
 * The next opening after an instant, µs. Spans that touch are one, so a session that goes on under the next trading date is no opening.
 * Undefined where none lies within what IB has told without a break.
 */
export function nextOpen(calendar: ContractCalendar, kind: HoursKind, us: number): number | undefined {
  const { spans, known } = calendar.hours[kind]
  const end = knownAt(calendar.hours[kind], us)?.untilUs
  if (end === undefined || known.length === 0) return undefined
  for (let i = firstEndingAfter(spans, us, rangeEnd); i < spans.length; i++) {
    const span = spans[i]
    if (!span || span.fromUs >= end) return undefined
    if (span.fromUs > us && spans[i - 1]?.untilUs !== span.fromUs) return span.fromUs
  }
  return undefined
}

/**
 * The next close after an instant, µs: of the session that runs, or else of the next one. Undefined where it lies beyond what IB has told:
 * a session that lasts to the last known µs (a market around the clock) may go on.
 */
export function nextClose(calendar: ContractCalendar, kind: HoursKind, us: number): number | undefined {
  const { spans } = calendar.hours[kind]
  const end = knownAt(calendar.hours[kind], us)?.untilUs
  if (end === undefined) return undefined
  for (let i = firstEndingAfter(spans, us, rangeEnd); i < spans.length; i++) {
    const span = spans[i]
    if (!span || span.untilUs >= end) return undefined
    if (spans[i + 1]?.fromUs !== span.untilUs) return span.untilUs
  }
  return undefined
}

/** The last close at or before an instant, µs; undefined where IB has not told that far back. */
export function previousClose(calendar: ContractCalendar, kind: HoursKind, us: number): number | undefined {
  const { spans } = calendar.hours[kind]
  const start = knownAt(calendar.hours[kind], us)?.fromUs
  if (start === undefined) return undefined
  for (let i = Math.min(firstEndingAfter(spans, us, rangeEnd), spans.length - 1); i >= 0; i--) {
    const span = spans[i]
    if (!span || span.untilUs <= start) return undefined
    if (span.untilUs <= us && spans[i + 1]?.fromUs !== span.untilUs) return span.untilUs
  }
  return undefined
}
