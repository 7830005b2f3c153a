import { compareTicks, type TickMessage } from '@ib-stream/model'

/** Batches of one source in query order. */
export type TickSource = AsyncIterator<readonly TickMessage[]>

interface Cursor {
  source: TickSource
  /** Place in the list of sources: decides between equal ticks. */
  rank: number
  ticks: readonly TickMessage[]
  at: number
  tick: TickMessage
}

/**
 * Merges sources, each in query order, into one in query order (`compareTicks`); equal ticks come in the order of the sources. Holds one batch of each
 * source. When it ends, fails or is left, the sources are told to end.
 * @param batchTicks most ticks in a batch; batches are never empty and belong to the caller
 */
export async function* mergeTicks(sources: readonly TickSource[], batchTicks: number): AsyncGenerator<TickMessage[], void, undefined> {
  try {
    const heap: Cursor[] = []
    for (const [rank, source] of sources.entries()) {
      const ticks = await nextBatch(source)
      if (ticks?.[0]) heap.push({ source, rank, ticks, at: 0, tick: ticks[0] })
    }
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i)
    let batch: TickMessage[] = []
    while (heap.length > 0) {
      if (takeRun(heap, batch, batchTicks)) await refill(heap)
      if (batch.length < batchTicks) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  } finally {
    for (const source of sources) await source.return?.()
  }
}

/** Moves ticks of the first cursor into the batch while it stays first; true when that cursor has used up its ticks. */
function takeRun(heap: readonly Cursor[], batch: TickMessage[], batchTicks: number): boolean {
  const first = heap[0] as Cursor
  const left = heap[1]
  const right = heap[2]
  const rival = left && right && isBefore(right, left) ? right : left
  do {
    batch.push(first.tick)
    const next = first.ticks[++first.at]
    if (next === undefined) return true
    first.tick = next
  } while (batch.length < batchTicks && (rival === undefined || isBefore(first, rival)))
  sink(heap as Cursor[], 0)
  return false
}

/** Gives the first cursor its next batch, or takes it out. */
async function refill(heap: Cursor[]): Promise<void> {
  const first = heap[0] as Cursor
  const ticks = await nextBatch(first.source)
  if (ticks?.[0]) Object.assign(first, { ticks, at: 0, tick: ticks[0] })
  else {
    const last = heap.pop() as Cursor
    if (heap.length > 0 && last !== first) heap[0] = last
  }
  sink(heap, 0)
}

async function nextBatch(source: TickSource): Promise<readonly TickMessage[] | undefined> {
  for (;;) {
    const { done, value } = await source.next()
    if (done) return undefined
    if (value.length > 0) return value
  }
}

function isBefore(a: Cursor, b: Cursor): boolean {
  return (a.tick.ts - b.tick.ts || a.tick.st - b.tick.st || compareTicks(a.tick, b.tick) || a.rank - b.rank) < 0
}

function sink(heap: Cursor[], from: number): void {
  const moving = heap[from]
  if (moving === undefined) return
  let at = from
  for (;;) {
    const left = heap[2 * at + 1]
    if (left === undefined) break
    const right = heap[2 * at + 2]
    const side = right !== undefined && isBefore(right, left) ? 2 : 1
    const child = side === 2 ? (right as Cursor) : left
    if (!isBefore(child, moving)) break
    heap[at] = child
    at = 2 * at + side
  }
  heap[at] = moving
}
