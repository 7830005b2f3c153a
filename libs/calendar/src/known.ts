import type { ContractCalendar, Hours, HoursKind, Span } from './contract-calendar.ts'
import { firstEndingAfter, type UsRange } from './us-range.ts'

export const rangeEnd = ({ untilUs }: UsRange): number => untilUs

/** The span that is running at an instant; its end is no longer part of it. */
export function spanAt(hours: Hours, us: number): Span | undefined {
  const span = hours.spans[firstEndingAfter(hours.spans, us, rangeEnd)]
  return span && span.fromUs <= us ? span : undefined
}

/** The stretch of known time that holds an instant. */
export function knownAt(hours: Hours, us: number): UsRange | undefined {
  const range = hours.known[firstEndingAfter(hours.known, us, rangeEnd)]
  return range && range.fromUs <= us ? range : undefined
}

/** Is the market in its regular or full hours? Undefined where IB has not told. */
export function isOpen(calendar: ContractCalendar, kind: HoursKind, us: number): boolean | undefined {
  const hours = calendar.hours[kind]
  return knownAt(hours, us) ? spanAt(hours, us) !== undefined : undefined
}
