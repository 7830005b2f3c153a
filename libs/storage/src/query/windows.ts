import type { StampFilter } from './rows.ts'
import { recordsIn, type SegmentFile } from './segment-file.ts'
import { hasStamps, type Stretch, type Survey } from './survey.ts'

/** A part of a file that is not sorted: stamps so close together that its ticks can be sorted in memory. */
export interface Window {
  filter: StampFilter
  /** True where all its ticks have one `ts` and one `st`, however many they are: their order is that of the file. */
  oneStamp: boolean
}

/** Stretches that may hold ticks of a filter. */
export const stretchesOf = (survey: Survey, { fromTs, toTs }: StampFilter): Stretch[] =>
  survey.stretches.filter(({ count, minTs, maxTs }) => count === 0 || (minTs < toTs && maxTs >= fromTs))

const BUCKETS = 4096

/**
 * Cuts the stamps of a file into windows of at most `mostRows` ticks, in order of time. Counts ticks a bucket of time at a time, and goes into a bucket that has
 * too many: so the memory is bounded whatever the order of the file, and a file that is nearly sorted is read about once.
 */
export async function windowsOf(file: SegmentFile, survey: Survey, filter: StampFilter, mostRows: number): Promise<Window[]> {
  const stretches = stretchesOf(survey, filter)
  const most = stretches.reduce((sum, { count }) => sum + count, 0)
  if (most <= mostRows) return [{ filter, oneStamp: false }]
  const byTs = filter.toTs - filter.fromTs > 1
  const [from, to] = byTs ? [filter.fromTs, filter.toTs] : [filter.fromSt, filter.toSt]
  if (to - from <= 1) return [{ filter, oneStamp: true }]
  const width = Math.ceil((to - from) / BUCKETS)
  const counts = await countBuckets(file, stretches, filter, (ts, st) => Math.floor(((byTs ? ts : st) - from) / width))
  const windows: Window[] = []
  for (const { first, last, count } of grouped(counts, mostRows)) {
    const low = from + first * width
    const high = Math.min(to, from + (last + 1) * width)
    const part = byTs ? { ...filter, fromTs: low, toTs: high } : { ...filter, fromSt: low, toSt: high }
    if (count <= mostRows) windows.push({ filter: part, oneStamp: false })
    else windows.push(...(await windowsOf(file, survey, part, mostRows)))
  }
  return windows
}

async function countBuckets(
  file: SegmentFile,
  stretches: readonly Stretch[],
  { fromTs, toTs, fromSt, toSt }: StampFilter,
  bucketOf: (ts: number, st: number) => number,
): Promise<Uint32Array> {
  const counts = new Uint32Array(BUCKETS)
  for (const stretch of stretches) {
    const records = await recordsIn(file, stretch)
    while (records.next()) {
      if (!hasStamps(records)) continue
      const { ts, st } = records
      if (ts < fromTs || ts >= toTs || st < fromSt || st >= toSt) continue
      const bucket = bucketOf(ts, st)
      counts[bucket] = (counts[bucket] ?? 0) + 1
    }
  }
  return counts
}

/** Neighbouring buckets together, as many as fit; one that does not fit stays alone. */
function grouped(counts: Uint32Array, mostRows: number): { first: number; last: number; count: number }[] {
  const groups: { first: number; last: number; count: number }[] = []
  for (const [bucket, count] of counts.entries()) {
    if (count === 0) continue
    const group = groups.at(-1)
    if (group !== undefined && group.count + count <= mostRows) {
      group.last = bucket
      group.count += count
    } else groups.push({ first: bucket, last: bucket, count })
  }
  return groups
}
