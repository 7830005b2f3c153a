import type { GapCause, TickType } from '@ib-stream/model'
import type { ConnectionChange } from './connection/connection.ts'
import type { LinePlan } from './subscriptions/line-plan.ts'

/** What happens to the recorder, for the log: changes of state, never a single tick. */
export type RecorderNote =
  | ({ kind: 'gateway' } & ConnectionChange)
  | { kind: 'reading'; state: 'held' | 'going_on'; forMs: number }
  | { kind: 'notice'; code: number; message: string }
  | ({ kind: 'plan' } & Pick<LinePlan, 'warnings'> & { granted: readonly string[]; waiting: readonly string[]; lines: number })
  | { kind: 'stream'; cid: number; tt: TickType; rid: number; state: 'subscribed' | 'refused' | 'ended'; code?: number; reason?: string }
  | { kind: 'gap'; cid: number; tt: TickType; fromUs: number; toUs: number; cause: GapCause; reason: string }
  | { kind: 'handler_failed'; error: string }
