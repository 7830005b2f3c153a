import { IbsError } from '@ib-stream/model'

/** Every error of the tape. Codes are never renamed or reused. */
export const TAPE_ERROR_CODES = [
  'IBS_TAPE_CURSOR_GONE', // the log no longer holds what follows the cursor, or the cursor is of another recording
  'IBS_TAPE_SLOW_CONSUMER', // a live subscriber fell further behind than the ring reaches back
  'IBS_TAPE_LOG_CUT', // the log was trimmed past what live readers had read: ticks are missing in between
  'IBS_TAPE_LOG_AWAY', // the log does not answer, so a cursor cannot be looked up
  'IBS_TAPE_TAIL_GONE', // the log no longer holds what the files do not hold yet
  'IBS_TAPE_TAIL_TOO_LONG', // writers are so far behind that the rest of the range does not fit into memory
  'IBS_TAPE_CLOSED', // used after close
] as const
export type TapeErrorCode = (typeof TAPE_ERROR_CODES)[number]

/** What goes wrong between files, log and live. */
export class TapeError extends IbsError<TapeErrorCode> {
  override readonly name = 'TapeError'
}
