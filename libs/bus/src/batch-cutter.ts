import type { SpoolRecord } from './spool-record.ts'

/** One line of the log before it has a number: a tick, or an event. */
export interface LogLine {
  subject: string
  /** JSON without its newline. */
  line: string
  /** Events stand alone: nothing is batched across one. */
  event?: true
}

const MOST_LINES = 480
const MOST_BYTES = 64 * 1024

/** About what one write to the spool takes. */
const MOST_GROUP_BYTES = 2 ** 20

/**
 * What goes into the next write of the spool: single messages as long as the log keeps up with them, else batches of all that waits. Nothing waits in order to be in a batch.
 * @param log.unacknowledged messages that are in the spool but not confirmed by the log
 * @param log.mostSingles messages that may be on their way while each carries one line
 */
export function cutGroup(lines: readonly LogLine[], firstN: number, log: { unacknowledged: number; mostSingles: number }): Cut {
  if (lines.length + log.unacknowledged <= log.mostSingles) return cutSingles(lines, firstN)
  const records: SpoolRecord[] = []
  let taken = 0
  for (let bytes = 0; taken < lines.length && bytes < MOST_GROUP_BYTES; ) {
    const batch = cutBatch(lines, firstN + records.length, taken)
    records.push(...batch.records)
    taken += batch.taken
    for (const { payload } of batch.records) bytes += payload.length
  }
  return { records, taken }
}

/** Messages made of the first `taken` lines. */
export type Cut = { records: SpoolRecord[]; taken: number }

/** Every line its own message: what users of the bus normally see. */
export function cutSingles(lines: readonly LogLine[], firstN: number): Cut {
  const records = lines.map(({ subject, line }, i): SpoolRecord => ({ n: firstN + i, subject, payload: Buffer.from(`${line}\n`) }))
  return { records, taken: lines.length }
}

/**
 * A batch: of the lines from `from` up to the next event, as many as fit, one message a subject (at most 480 lines, 64 KiB each). The messages lie side by side in the
 * log; each subject keeps its order, and a reader gets the order between subjects back by `st`. Where no subject has two lines there is nothing to merge, and no batch.
 */
export function cutBatch(lines: readonly LogLine[], firstN: number, from = 0): Cut {
  const subjects = new Map<string, { text: string[]; bytes: number }>()
  let taken = 0
  for (let i = from; i < lines.length; i++) {
    const { subject, line, event } = lines[i] as LogLine
    if (event && taken > 0) break
    const message = subjects.get(subject) ?? { text: [], bytes: 0 }
    const bytes = Buffer.byteLength(line) + 1
    if (message.text.length > 0 && (message.text.length >= MOST_LINES || message.bytes + bytes > MOST_BYTES)) break
    if (message.bytes === 0) subjects.set(subject, message)
    message.text.push(line)
    message.bytes += bytes
    taken += 1
    if (event) break
  }
  const count = subjects.size
  const records = [...subjects].map(([subject, { text }], i): SpoolRecord => {
    const record: SpoolRecord = { n: firstN + i, subject, payload: Buffer.from(`${text.join('\n')}\n`) }
    if (count > 1 && count < taken) record.batch = { k: i + 1, n: count }
    return record
  })
  return { records, taken }
}
