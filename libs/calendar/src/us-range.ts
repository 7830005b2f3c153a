/** A stretch of time, `[fromUs, untilUs)`, µs UTC. */
export interface UsRange {
  fromUs: number
  untilUs: number
}

/** Sorted, disjoint, touching ones joined, empty ones gone. */
export function joinRanges(ranges: readonly UsRange[]): UsRange[] {
  const joined: UsRange[] = []
  for (const { fromUs, untilUs } of [...ranges].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = joined.at(-1)
    if (untilUs <= fromUs) continue
    if (last && fromUs <= last.untilUs) last.untilUs = Math.max(last.untilUs, untilUs)
    else joined.push({ fromUs, untilUs })
  }
  return joined
}

/** What both lists cover. Each is sorted and disjoint. */
export function intersectRanges(a: readonly UsRange[], b: readonly UsRange[]): UsRange[] {
  const both: UsRange[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [a[i] as UsRange, b[j] as UsRange]
    const fromUs = Math.max(left.fromUs, right.fromUs)
    const untilUs = Math.min(left.untilUs, right.untilUs)
    if (fromUs < untilUs) both.push({ fromUs, untilUs })
    if (left.untilUs < right.untilUs) i++
    else j++
  }
  return both
}

/** Length of a list of disjoint ranges, µs. */
export const lengthUs = (ranges: readonly UsRange[]): number => ranges.reduce((sum, { fromUs, untilUs }) => sum + untilUs - fromUs, 0)

/** Index of the first item whose end is after `us`; items are sorted and disjoint. O(log n). */
export function firstEndingAfter<Item>(items: readonly Item[], us: number, endOf: (item: Item) => number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (endOf(items[middle] as Item) > us) high = middle
    else low = middle + 1
  }
  return low
}
