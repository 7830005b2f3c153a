import { compareTicks, type TickMessage } from '@ib-stream/model'

/**
 * Two sources in query order to one; of equal ticks those of the files come first.
 * @param tail sorted by `compareTicks`
 * @param options.limit most ticks in all
 * @param options.batchTicks most ticks in a batch made here; batches of the files that no tick of the tail falls into pass as they are
 */
export async function* mergeTail(
  files: AsyncIterable<readonly TickMessage[]>,
  tail: readonly TickMessage[],
  options: { batchTicks: number; limit: number },
): AsyncGenerator<readonly TickMessage[], void, undefined> {
  let left = options.limit
  let next = 0
  if (left <= 0) return
  for await (const batch of files) {
    const merged = mergeBatch(batch, tail, next)
    next += merged.length - batch.length
    yield merged.length <= left ? merged : merged.slice(0, left)
    left -= merged.length
    if (left <= 0) return
  }
  for (; next < tail.length && left > 0; next += options.batchTicks) {
    const batch = tail.slice(next, next + Math.min(options.batchTicks, left))
    yield batch
    left -= batch.length
  }
}

/** A batch together with the ticks of the tail that belong before its last one. */
function mergeBatch(batch: readonly TickMessage[], tail: readonly TickMessage[], from: number): readonly TickMessage[] {
  const last = batch.at(-1)
  const first = tail[from]
  if (!last || !first || compareTicks(last, first) <= 0) return batch
  const merged: TickMessage[] = []
  let next = from
  for (const tick of batch) {
    for (let late = tail[next]; late && compareTicks(late, tick) < 0; late = tail[next]) {
      merged.push(late)
      next += 1
    }
    merged.push(tick)
  }
  return merged
}
