import type { LogMessage } from './log-message.ts'

/** One line of the log with its place in the order of arrival. */
export interface ArrivedLine {
  /** JSON without newline. */
  line: string
  subject: string
  /** `st` of the line, µs UTC. */
  st: number
  /** Sequence of the message. */
  seq: number
  /** Sequence of the batch's first message; equal to `seq` for a single one. What a cursor names. */
  batchSeq: number
}

const ST_IN_TICK = /"st":(\d+)/

/**
 * Gives the order of arrival back: the messages of a batch lie in the log subject by subject, and are merged here by `st`. A batch ends with its last
 * message or with any other (ingest died in between and never spooled the rest). Needs every message of the log: a filter would hide parts of a batch.
 */
export class BatchMerger {
  #held: LogMessage[] = []

  /** Lines that are complete after `message`, in order of arrival. */
  push(message: LogMessage): ArrivedLine[] {
    const before = this.#continues(message) ? [] : this.flush()
    this.#held.push(message)
    return !message.batch || message.batch.k === message.batch.n ? [...before, ...this.flush()] : before
  }

  /** What an unfinished batch holds. */
  flush(): ArrivedLine[] {
    const held = this.#held
    this.#held = []
    const batchSeq = held[0]?.seq ?? 0
    const lines = held.flatMap((message) => linesOf(message, batchSeq))
    return held.length > 1 ? lines.sort((a, b) => a.st - b.st) : lines
  }

  #continues({ batch, seq }: LogMessage): boolean {
    const last = this.#held.at(-1)
    return !last?.batch || (seq === last.seq + 1 && batch?.k === last.batch.k + 1 && batch.n === last.batch.n)
  }
}

function linesOf({ payload, subject, seq }: LogMessage, batchSeq: number): ArrivedLine[] {
  const lines = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => ({ line, subject, st: Number(ST_IN_TICK.exec(line)?.[1] ?? 0), seq, batchSeq }))
}
