import type { LogMessage } from '@ib-stream/bus'
import { EVENT_SUBJECT_PREFIX, eventSubject } from '@ib-stream/model'
import { splitHours } from './split-hours.ts'
import { stampIn } from './stamp-of-event.ts'

/**
 * How far the log's own time has come with a message: everything after it in the log was received later. µs UTC; 0 where the message does not tell. One inside a batch does
 * not, for the rest of its batch may be older; nor does one that fills the place of a lost message, which is stamped when it is put there.
 */
export function logTimeAt({ subject, payload, batch }: LogMessage): number {
  if ((batch && batch.k < batch.n) || subject === eventSubject('lost')) return 0
  if (subject.startsWith(EVENT_SUBJECT_PREFIX)) return stampIn(payload) ?? 0
  const [, , cid = '', tt = ''] = subject.split('.')
  return splitHours(payload, { cid: Number(cid), tt }).newestStUs
}
