import { type Bus, messageAt, pause } from '@ib-stream/bus'

/** The rest of a batch is on its way, a matter of milliseconds; where ingest died in between it never comes. */
const MOST_LOOKS = 50
const LOOK_EVERY_MS = 10

/**
 * Where the batch that a sequence of the log lies in ends, once the log has it. An answer that ends inside a batch has of its lines those of the first messages, which no
 * moment parts from the others: where the files go on after it, some would come twice.
 * @returns the sequence itself where it ends a batch, and where the rest does not come within half a second
 * @throws `signal.reason`
 */
export async function endOfBatch({ manager }: Bus, seq: number, signal: AbortSignal): Promise<number> {
  let end = seq
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const message = await messageAt(manager, end).catch(() => undefined)
    const { k = 1, n = 1 } = message?.batch ?? {}
    if (message ? k === n : end === seq) return end
    if (message) end += n - k
    else await pause(LOOK_EVERY_MS, signal)
  }
  return seq
}
