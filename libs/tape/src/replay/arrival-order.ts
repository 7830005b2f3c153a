import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'

/** A tick that comes so much later than its stamp was filled in afterwards: it has no arrival of its own. */
export const ARRIVES_WITHIN_US = 60 * US_PER_SECOND

export interface TimedTick {
  /** When it happened, µs UTC. */
  us: number
  tick: TickMessage
}

/**
 * When a tick happened: `st`, the moment of its arrival; `ts` has whole seconds. A tick that was filled in later, or that is stamped after its arrival, happened at
 * its `ts`.
 * @returns µs UTC, never before `ts`
 */
export const momentOf = ({ ts, st }: TickMessage): number => (st >= ts && st - ts < ARRIVES_WITHIN_US ? st : ts)

/**
 * Ticks of one query order as they came. What is read on has a later `ts` and happened no earlier than that, so little has to be held: as much as ticks came later
 * than their stamps.
 */
export async function* inArrivalOrder(batches: AsyncIterable<readonly TickMessage[]>): AsyncGenerator<readonly TimedTick[]> {
  let held: TimedTick[] = []
  for await (const batch of batches) {
    for (const tick of batch) held.push({ us: momentOf(tick), tick })
    held.sort((a, b) => a.us - b.us)
    const safeUs = batch.at(-1)?.ts ?? 0
    const end = held.findIndex(({ us }) => us >= safeUs)
    const count = end < 0 ? held.length : end
    if (count > 0) yield held.slice(0, count)
    held = held.slice(count)
  }
  if (held.length > 0) yield held
}
