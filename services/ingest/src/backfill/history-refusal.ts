/** What an error of a historical request means for the job. */
export type HistoryVerdict =
  /** IB has no ticks there: an empty page. */
  | 'no_data'
  /** Asked too fast: asked again when the budget is free. */
  | 'too_fast'
  /** It goes when the other session of this login is over, however long that takes. */
  | 'competing'
  /** It may go later. */
  | 'later'
  /** It never will. */
  | 'never'

const HISTORY_SERVICE = 162
const TOO_MANY_MESSAGES = 100
/** No contract, invalid, no permission (three ways), bad date. */
const NEVER: ReadonlySet<number> = new Set([200, 321, 354, 10089, 10187, 10189, 10314])

/** Reads an error of a request for historical ticks. Code 162 stands for many things, which only the text tells apart. */
export function historyVerdict(code: number | undefined, message: string): HistoryVerdict {
  if (code === TOO_MANY_MESSAGES || (code === HISTORY_SERVICE && /pacing/i.test(message))) return 'too_fast'
  if (/different IP address|competing/i.test(message)) return 'competing'
  if (code === HISTORY_SERVICE && /no data/i.test(message)) return 'no_data'
  if (code === HISTORY_SERVICE && /permission/i.test(message)) return 'never'
  return code !== undefined && NEVER.has(code) ? 'never' : 'later'
}
