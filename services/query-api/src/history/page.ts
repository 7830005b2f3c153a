import type { TickMessage } from '@ib-stream/model'
import { formatCursor, type HistoryCursor } from '@ib-stream/tape'

/** A part of a history: what comes after a cursor, at most so many ticks. Read once. */
export class Page {
  /** To go on after the last tick given; undefined until there is one more after it, and known once the page was read. */
  next: string | undefined
  ticks = 0
  readonly #source: AsyncIterable<readonly TickMessage[]>
  readonly #limit: number
  readonly #after: HistoryCursor | undefined
  readonly #spoolId: string

  constructor(
    source: AsyncIterable<readonly TickMessage[]>,
    options: { limit?: number | undefined; after?: HistoryCursor | undefined; spoolId?: string | undefined },
  ) {
    this.#source = source
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY
    this.#after = options.after
    this.#spoolId = options.spoolId ?? options.after?.spoolId ?? '-'
  }

  /** Batches are never empty. */
  async *batches(): AsyncGenerator<readonly TickMessage[], void, undefined> {
    let skip = this.#after?.k ?? 0
    let last: TickMessage | undefined
    let k = 0
    for await (const batch of this.#source) {
      const given: TickMessage[] = []
      for (const tick of batch) {
        const order = this.#after ? tick.ts - this.#after.ts || tick.st - this.#after.st : 1
        if (order < 0) continue
        if (order === 0 && skip > 0) {
          skip -= 1
          continue
        }
        if (this.ticks === this.#limit) {
          if (given.length > 0) yield given
          this.next = last && this.#cursorAt(last, k)
          return
        }
        const isSame: boolean = last?.ts === tick.ts && last.st === tick.st
        k = isSame ? k + 1 : order === 0 ? (this.#after?.k ?? 0) + 1 : 1
        last = tick
        given.push(tick)
        this.ticks += 1
      }
      if (given.length > 0) yield given
    }
  }

  #cursorAt({ ts, st }: TickMessage, k: number): string {
    return formatCursor({ kind: 'history', spoolId: this.#spoolId, lastSeq: 0, ts, st, k, lateSt: -1 })
  }
}
