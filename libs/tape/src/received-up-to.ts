import { type Bus, type LogMessage, messageAt } from '@ib-stream/bus'
import { eventSubject } from '@ib-stream/model'

/** A batch of more messages is not read for a time. */
const MOST_MESSAGES = 64

/**
 * When the last line up to a sequence of the log was received (`st`), µs UTC.
 * @returns undefined where the log cannot tell: it is trimmed, does not answer, the sequence is inside a batch, whose lines are spread over all its
 * messages, or is a lost one's: what stands in its place was stamped later than what follows
 */
export async function receivedUpTo({ manager }: Bus, seq: number): Promise<number | undefined> {
  try {
    const last = await messageAt(manager, seq)
    const { k = 1, n = 1 } = last?.batch ?? {}
    if (!last || k !== n || n > MOST_MESSAGES || last.subject === eventSubject('lost')) return undefined
    const others = await Promise.all(Array.from({ length: n - 1 }, (_, i) => messageAt(manager, seq - 1 - i)))
    const stamps = [last, ...others].map((message) => message && lastStOf(message))
    return stamps.reduce((newest, st) => (newest === undefined || st === undefined ? undefined : Math.max(newest, st)))
  } catch {
    return undefined // it is a help for later, not what was asked for
  }
}

/** Lines of a message are in the order of `st`. */
function lastStOf({ payload }: LogMessage): number | undefined {
  const line = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8').trimEnd().split('\n').at(-1)
  const { st } = JSON.parse(line ?? '') as { st?: number }
  return st
}
