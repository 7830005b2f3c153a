import type { LedgerGap, StreamLedger, TimeRange } from './stream-ledger.ts'

/**
 * Times of a range in which ticks of the stream may be missing: where it was not recorded, and in gaps, but for what was filled from IB's history. Sorted, disjoint.
 * Those of filled gaps lack what IB's history lacks (`lacks`).
 */
export function uncertainTimes({ recorded, gaps, asked }: StreamLedger, range: TimeRange): TimeRange[] {
  const holes = [...without(range, recorded), ...gaps.flatMap((gap) => leftOf(gap))]
  const filled = asked.flatMap(({ state, gapFromUs, gapToUs, filledFromUs }) =>
    state === 'unavailable' ? [] : [{ fromUs: state === 'partly' ? (filledFromUs ?? gapToUs) : gapFromUs, untilUs: gapToUs }],
  )
  return joined(holes.flatMap((hole) => without(hole, filled)).flatMap((hole) => cutTo(hole, range)))
}

/** What of a gap is not filled. */
export function leftOf({ fromUs, untilUs, fill }: LedgerGap): TimeRange[] {
  if (fill?.state === 'filled') return []
  if (fill?.state === 'partly') return [{ fromUs, untilUs: Math.min(untilUs, Math.max(fromUs, fill.filledFromUs ?? untilUs)) }]
  return [{ fromUs, untilUs }]
}

function without(range: TimeRange, taken: readonly TimeRange[]): TimeRange[] {
  const left: TimeRange[] = []
  let { fromUs } = range
  for (const { fromUs: takenUs, untilUs } of joined(taken)) {
    if (takenUs >= range.untilUs) break
    if (takenUs > fromUs) left.push({ fromUs, untilUs: takenUs })
    fromUs = Math.max(fromUs, untilUs)
  }
  if (fromUs < range.untilUs) left.push({ fromUs, untilUs: range.untilUs })
  return left
}

function joined(ranges: readonly TimeRange[]): TimeRange[] {
  const all: TimeRange[] = []
  for (const { fromUs, untilUs } of [...ranges].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = all.at(-1)
    if (untilUs <= fromUs) continue
    if (last && fromUs <= last.untilUs) last.untilUs = Math.max(last.untilUs, untilUs)
    else all.push({ fromUs, untilUs })
  }
  return all
}

const cutTo = ({ fromUs, untilUs }: TimeRange, range: TimeRange): TimeRange[] => {
  const cut = { fromUs: Math.max(fromUs, range.fromUs), untilUs: Math.min(untilUs, range.untilUs) }
  return cut.fromUs < cut.untilUs ? [cut] : []
}
