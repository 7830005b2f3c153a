import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import type { Spool } from './spool.ts'
import type { SpoolRecord } from './spool-record.ts'
import { TICKS } from './stream-configs.ts'

/** Numbers looked at in one go. */
const BLOCK = 1_000

/**
 * Records of the spool whose numbers the log gave to a message of somebody else, so that they were never stored: looked for from `afterN + 1` to `upToN`, and in the
 * blocks below as long as one is found at a block's very beginning. Empty in all normal life. A number that the log no longer holds, or that the spool never had,
 * counts as ours, and so does one that stands there under another number: a server that lost count stored what was sent again beside it.
 */
export async function findDisplaced(
  manager: JetStreamManager,
  spool: Pick<Spool, 'low' | 'readFrom'>,
  { afterN, upToN }: { afterN: number; upToN: number },
): Promise<SpoolRecord[]> {
  const displaced: SpoolRecord[] = []
  for (let [from, to] = [Math.max(afterN + 1, spool.low), upToN]; from <= to; ) {
    const found = await displacedIn(manager, spool, from, to)
    displaced.unshift(...found)
    if (found[0]?.n !== from) break
    to = from - 1
    from = Math.max(spool.low, from - BLOCK)
  }
  const moved = displaced.length === 0 ? new Set<number>() : await movedAlready(spool, displaced)
  return displaced.filter(({ n }) => !moved.has(n))
}

async function displacedIn(manager: JetStreamManager, spool: Pick<Spool, 'readFrom'>, from: number, to: number): Promise<SpoolRecord[]> {
  const displaced: SpoolRecord[] = []
  for (let n = from; n <= to; ) {
    const records = (await spool.readFrom(n)).filter((record) => record.n <= to)
    const last = records.at(-1)
    if (!last) break
    for (let i = 0; i < records.length; i += BLOCK) displaced.push(...(await notStored(manager, records.slice(i, i + BLOCK))))
    n = last.n + 1
  }
  return displaced
}

async function notStored(manager: JetStreamManager, records: readonly SpoolRecord[]): Promise<SpoolRecord[]> {
  const stored = await Promise.all(records.map(({ n }) => manager.streams.getMessage(TICKS, { seq: n })))
  const other = records.filter((record, i) => stored[i] && !isSame(record, stored[i]))
  if (other.length === 0) return []
  const found = new Set(stored.map((message) => message && keyOf(recordOf(message))))
  return other.filter((record) => !found.has(keyOf(record)))
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
