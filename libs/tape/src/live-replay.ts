import { BatchMerger, type Bus, openLogReader } from '@ib-stream/bus'
import { comparePlaces, type LiveCursor, type LivePlace } from './cursor.ts'
import { TapeError } from './errors.ts'
import { ALL_OF_LOG, type LiveItem, toLiveItem } from './live-item.ts'

/** How far a replay has come. */
export interface ReplayStep {
  /** What comes after the cursor, in order of arrival; may be empty. */
  items: readonly LiveItem[]
  /** Everything up to here was given out. */
  place: LivePlace
  /** Last sequence read from the log; of it and what came before, `place` may lack an unfinished batch. */
  readSeq: number
}

/**
 * What came after a cursor, from the log: the reader starts at the first message of the cursor's batch and leaves out what the cursor has seen. Never ends by
 * itself; leave the loop to end it. It is paced by its caller.
 * @throws TapeError `IBS_TAPE_LOG_CUT` where the log is trimmed past what was read, and from then on; `signal.reason`
 */
export async function* replayAfter(bus: Bus, after: LiveCursor, signal: AbortSignal): AsyncGenerator<ReplayStep, void, undefined> {
  const merger = new BatchMerger()
  let cutAt: number | undefined
  const onCut = (_wanted: number, firstSeq: number) => {
    cutAt = firstSeq
  }
  const reader = openLogReader({ bus, filter: ALL_OF_LOG, fromSeq: after.batchSeq, spoolId: after.spoolId, signal, onCut })
  let place: LivePlace = after
  for await (const messages of reader.batches()) {
    if (cutAt !== undefined) throw logCut()
    for (const message of messages) {
      const items = merger.push(message).flatMap((line) => toLiveItem(line, after.spoolId) ?? [])
      const fresh = items.filter((item) => comparePlaces(item, after) > 0)
      place = fresh.at(-1) ?? place
      yield { items: fresh, place, readSeq: message.seq }
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

/** Of a reader whose place was fine when it began. */
export function logCut(): TapeError {
  return new TapeError(
    'IBS_TAPE_LOG_CUT',
    'the log was trimmed before it was read; subscribe again after your last cursor: what is missing here comes from the files',
  )
}
