import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import type { Spool } from './spool.ts'
import type { SpoolRecord } from './spool-record.ts'
import { TICKS } from './stream-configs.ts'

/** Numbers looked at in one go. */
const BLOCK = 1_000
/** How far behind its own number a record is looked for: a server that lost count has stored a window of what was sent again before it, or two. */
const BESIDE_MOST = 2 * BLOCK

/**
 * Records of the spool whose numbers the log gave to a message of somebody else, so that they were never stored: looked for from `afterN + 1` to `upToN`, and in the
 * blocks below as long as one is found at a block's very beginning. Empty in all normal life. A number that the log no longer holds, or that the spool never had,
 * counts as ours, and so does one that stands there under a later number: a server that lost count stored what was sent again beside it.
 * @param lastSeq of the log
 */
export async function findDisplaced(
  manager: JetStreamManager,
  spool: Pick<Spool, 'low' | 'readFrom'>,
  { afterN, upToN, lastSeq }: { afterN: number; upToN: number; lastSeq: number },
): Promise<SpoolRecord[]> {
  const others: SpoolRecord[] = []
  for (let [from, to] = [Math.max(afterN + 1, spool.low), upToN]; from <= to; ) {
    const found = await otherwiseIn(manager, spool, from, to)
    others.unshift(...found)
    if (found[0]?.n !== from) break
    to = from - 1
    from = Math.max(spool.low, from - BLOCK)
  }
  const displaced = others.length === 0 ? [] : await notBeside(manager, others, lastSeq)
  const moved = displaced.length === 0 ? new Set<number>() : await movedAlready(spool, displaced)
  return displaced.filter(({ n }) => !moved.has(n))
}

/** Records whose number is another message's in the log. */
async function otherwiseIn(manager: JetStreamManager, spool: Pick<Spool, 'readFrom'>, from: number, to: number): Promise<SpoolRecord[]> {
  const others: SpoolRecord[] = []
  for (let n = from; n <= to; ) {
    const records = (await spool.readFrom(n)).filter((record) => record.n <= to)
    const last = records.at(-1)
    if (!last) break
    for (let i = 0; i < records.length; i += BLOCK) {
      const block = records.slice(i, i + BLOCK)
      const stored = await Promise.all(block.map(({ n }) => manager.streams.getMessage(TICKS, { seq: n })))
      others.push(...block.filter((record, k) => stored[k] && !isSame(record, stored[k])))
    }
    n = last.n + 1
  }
  return others
}

/** Those that do not stand in the log under a later number either. */
async function notBeside(manager: JetStreamManager, records: readonly SpoolRecord[], lastSeq: number): Promise<SpoolRecord[]> {
  const missing = new Map(records.map((record) => [keyOf(record), record]))
  const upToSeq = Math.min(lastSeq, (records.at(-1)?.n ?? 0) + BESIDE_MOST)
  for (let seq = (records[0]?.n ?? 0) + 1; seq <= upToSeq && missing.size > 0; seq += BLOCK) {
    const seqs = Array.from({ length: Math.min(BLOCK, upToSeq - seq + 1) }, (_, i) => seq + i)
    const stored = await Promise.all(seqs.map((one) => manager.streams.getMessage(TICKS, { seq: one })))
    for (const message of stored) if (message) missing.delete(keyOf(recordOf(message)))
  }
  return [...missing.values()]
}

type Content = Pick<SpoolRecord, 'subject' | 'payload'>

function isSame({ subject, payload }: Content, stored: StoredMsg): boolean {
  return Buffer.from(payload).equals(stored.data) && recordOf(stored).subject === subject
}

/** What was published: the server has put the partition into the subject. */
const recordOf = ({ subject, data }: StoredMsg): Content => ({
  subject: subject.replace(/^ticks\.\d+\.(?=\d+\.)/, 'ticks.'),
  payload: data,
})

/** Those that an earlier look moved to a new number: the same payload, whose `st` is in no other message, stands behind them. */
async function movedAlready(spool: Pick<Spool, 'readFrom'>, displaced: readonly SpoolRecord[]): Promise<Set<number>> {
  const wanted = new Map(displaced.map((record) => [keyOf(record), record.n]))
  const moved = new Set<number>()
  for (let n = displaced[0]?.n ?? 1; ; ) {
    const records = await spool.readFrom(n)
    const last = records.at(-1)
    if (!last) return moved
    for (const record of records) {
      const original = wanted.get(keyOf(record))
      if (original !== undefined && original < record.n) moved.add(original)
    }
    n = last.n + 1
  }
}

const keyOf = ({ subject, payload }: Content): string => `${subject}\n${Buffer.from(payload).toString('latin1')}`
