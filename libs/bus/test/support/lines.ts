import type { LogLine } from '../../src/batch-cutter.ts'
import type { LogMessage } from '../../src/log-message.ts'
import type { SpoolRecord } from '../../src/spool-record.ts'
import { tickSubject } from '../../src/streams.ts'

/** cid 265598 is in partition 2, 8314 in 9. */
export const CIDS = [265598, 8314] as const

/** Tick number `st` of a tape; the contracts take turns. */
export const tickLine = (st: number, cid: number = CIDS[st % 2] ?? 0): LogLine => ({
  subject: tickSubject(cid, 'last'),
  line: JSON.stringify({ cid, tt: 'last', ts: 1_000_000, st, p: 1.5 }),
})

export const eventLine = (st: number): LogLine => ({
  subject: 'ib.events.connection',
  line: JSON.stringify({ kind: 'connection', st, epoch: 1 }),
  event: true,
})

export const tape = (from: number, to: number): LogLine[] => Array.from({ length: to - from + 1 }, (_, i) => tickLine(from + i))

export const linesIn = (payload: Uint8Array): string[] => Buffer.from(payload).toString('utf8').trimEnd().split('\n')

/** `st` of every line, in the order in which they lie in the messages. */
export const stampsOf = (messages: readonly Pick<LogMessage, 'payload'>[]): number[] =>
  messages.flatMap(({ payload }) => linesIn(payload).map((line) => (JSON.parse(line) as { st: number }).st))

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

export const record = (n: number, bytes = 20, batch?: { k: number; n: number }): SpoolRecord => ({
  n,
  subject: 'ticks.265598.last',
  payload: Buffer.from(`${JSON.stringify({ st: n, x: 'x'.repeat(bytes) })}\n`),
  ...(batch && { batch }),
})
