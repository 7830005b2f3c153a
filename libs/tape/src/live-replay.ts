import { BatchMerger, type Bus, openLogReader } from '@ib-stream/bus'
import { comparePlaces, type LiveCursor, type LivePlace } from './cursor.ts'
import { TapeError } from './errors.ts'
import { ALL_TICKS, type LiveTick, toLiveTick } from './live-tick.ts'

/** How far a replay has come. */
export interface ReplayStep {
  /** Ticks after the cursor, in order of arrival; may be empty. */
  ticks: readonly LiveTick[]
  /** Everything up to here was given out. */
  place: LivePlace
  /** Last sequence read from the log; of it and what came before, `place` may lack an unfinished batch. */
  readSeq: number
}

/**
 * What came after a cursor, from the log: the reader starts at the first message of the cursor's batch and leaves out what the cursor has seen. Never ends by
 * itself; leave the loop to end it. It is paced by its caller.
 * @throws TapeError `IBS_TAPE_CURSOR_GONE`; `signal.reason`
 */
export async function* replayAfter(bus: Bus, after: LiveCursor, signal: AbortSignal): AsyncGenerator<ReplayStep, void, undefined> {
  const merger = new BatchMerger()
  let cutAt: number | undefined
  const onCut = (_wanted: number, firstSeq: number) => {
    cutAt = firstSeq
  }
  const reader = openLogReader({ bus, filter: ALL_TICKS, fromSeq: after.batchSeq, spoolId: after.spoolId, signal, onCut })
  let place: LivePlace = after
  for await (const messages of reader.batches()) {
    if (cutAt !== undefined) throw cursorGone(after, `the log begins at ${cutAt}`)
    for (const message of messages) {
      const ticks = merger.push(message).flatMap((line) => toLiveTick(line, after.spoolId) ?? [])
      const fresh = ticks.filter((tick) => comparePlaces(tick, after) > 0)
      place = fresh.at(-1) ?? place
      yield { ticks: fresh, place, readSeq: message.seq }
    }
  }
}

export function cursorGone(cursor: LiveCursor, why: string): TapeError {
  return new TapeError(
    'IBS_TAPE_CURSOR_GONE',
    `what follows message ${cursor.batchSeq} cannot be given out any more (${why}); query the time in between, then subscribe without a cursor`,
    { ...cursor },
  )
}
