import { type Bus, TICKS } from '@ib-stream/bus'

/**
 * First sequence that the log took at `sinceMs` (ms UTC, the server's clock) or later; `lastSeq + 1` when all are older. Asks for about log2 of the log's
 * length messages.
 */
export async function firstSeqSince(
  manager: Bus['manager'],
  { firstSeq, lastSeq }: { firstSeq: number; lastSeq: number },
  sinceMs: number,
): Promise<number> {
  let low = firstSeq
  let high = lastSeq + 1
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const takenMs = await takenAtMs(manager, middle)
    if (takenMs === undefined || takenMs < sinceMs) low = middle + 1
    else high = middle
  }
  return low
}

/** When the log took a message, ms UTC; undefined when it has it no longer. */
export async function takenAtMs(manager: Bus['manager'], seq: number): Promise<number | undefined> {
  return (await manager.streams.getMessage(TICKS, { seq }))?.time.getTime()
}
