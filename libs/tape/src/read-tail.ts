import { type Bus, type LogMessage, openLogReader, pause } from '@ib-stream/bus'

export interface TailOptions {
  bus: Bus
  /** Stored subjects. Ticks of the tail are sorted afterwards, so a narrow filter that hides parts of a batch does no harm. */
  filter: string
  spoolId: string
  fromSeq: number
  /** Last sequence wanted. */
  toSeq: number
  signal: AbortSignal
}

export type TailEnd = 'complete' | 'cut' | 'timed_out'

const LOOK_FIRST_MS = 2
const LOOK_MOST_MS = 100
/** A tail is what writers have not written yet: less than a second of it, normally. */
const TAIL_WITHIN_MS = 15_000

/**
 * Reads a part of the log once. The reader of the log follows it for ever, so the end is where its last sequence was seen, or where it says that nothing is left.
 * @param take called for each message of the filter, in order
 * @throws `signal.reason`, and what `take` throws
 */
export async function readTail(options: TailOptions, take: (message: LogMessage) => void): Promise<TailEnd> {
  const done = new AbortController()
  const stop = AbortSignal.any([options.signal, done.signal])
  let end: TailEnd = 'timed_out'
  const finish = (how: TailEnd) => {
    end = how
    done.abort(new Error(`tail: ${how}`))
  }
  const reader = openLogReader({ ...options, signal: stop, onCut: () => finish('cut') })
  const deadline = setTimeout(() => finish('timed_out'), TAIL_WITHIN_MS)
  const watching = watchEnd(
    () => reader.caughtUpTo(),
    options.toSeq,
    stop,
    () => finish('complete'),
  )
  try {
    for await (const messages of reader.batches()) {
      for (const message of messages) if (message.seq <= options.toSeq) take(message)
      if ((messages.at(-1)?.seq ?? 0) >= options.toSeq) return 'complete'
    }
  } catch (error) {
    if (!done.signal.aborted || error !== done.signal.reason) throw error
  } finally {
    clearTimeout(deadline)
    done.abort(new Error('tail: left'))
    await watching
  }
  return end
}

/** Asks again and again, ever less often, until the reader has everything up to `toSeq` or is stopped. */
async function watchEnd(
  caughtUpTo: () => Promise<number | undefined>,
  toSeq: number,
  stop: AbortSignal,
  complete: () => void,
): Promise<void> {
  for (let waitMs = LOOK_FIRST_MS; !stop.aborted; waitMs = Math.min(2 * waitMs, LOOK_MOST_MS)) {
    try {
      await pause(waitMs, stop)
      if (((await caughtUpTo()) ?? -1) >= toSeq) return complete()
    } catch {
      // stopped, or the log does not answer now: the loop's condition and the deadline of the tail end it
    }
  }
}
