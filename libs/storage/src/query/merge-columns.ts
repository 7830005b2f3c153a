import { ColumnBuffer, type ColumnLife, columnMemory, type TickColumns } from '../codec/columns.ts'
import { gather, type RowList, rowList } from './gather.ts'
import type { Order } from './read-segment.ts'

/** Columns of one source: rows ascend within each; with `descending` the columns come last first. */
export type ColumnSource = AsyncIterator<ColumnBuffer>

interface Cursor {
  source: ColumnSource
  /** Place in the list of sources: decides between equal stamps. */
  rank: number
  columns: ColumnBuffer
  row: number
}

/**
 * Merges sources into one in order of (`ts`, `st`, place in the list of sources, place in the source), or in exactly the reverse order. Sources are listed by
 * contract and tick type, so that is the query order. Holds the columns at hand of each source, which may be lent. When it ends, fails or is left, the sources are told
 * to end.
 * @param batchTicks most ticks in a batch; batches are never empty
 * @param life of the batches; those of a single source live as long as its own
 */
export async function* mergeColumns(
  sources: readonly ColumnSource[],
  batchTicks: number,
  order: Order,
  life: ColumnLife = 'kept',
): AsyncGenerator<TickColumns, void, undefined> {
  try {
    const [only] = sources
    if (only !== undefined && sources.length === 1 && order === 'ascending') yield* passOn(only, batchTicks)
    else yield* new ColumnMerge(sources, batchTicks, order).batches(columnMemory(life, batchTicks))
  } finally {
    for (const source of sources) await source.return?.()
  }
}

/** One source is in order already: its columns are given as they are. */
async function* passOn(source: ColumnSource, batchTicks: number): AsyncGenerator<TickColumns, void, undefined> {
  for (let next = await source.next(); !next.done; next = await source.next()) {
    const { length } = next.value
    for (let from = 0; from < length; from += batchTicks) yield next.value.rows(from, Math.min(length, from + batchTicks))
  }
}

class ColumnMerge {
  readonly #sources: readonly ColumnSource[]
  readonly #batchTicks: number
  /** 1 or −1: the direction of rows, and the sign of every comparison. */
  readonly #step: number
  /** A heap; what comes next is at the top. */
  readonly #heap: Cursor[] = []
  /** Rows chosen for the batch that are not copied yet: numbers of `#columns`, the columns at hand of each source by rank. */
  readonly #chosen: RowList
  readonly #columns: ColumnBuffer[] = []

  constructor(sources: readonly ColumnSource[], batchTicks: number, order: Order) {
    this.#sources = sources
    this.#batchTicks = batchTicks
    this.#step = order === 'ascending' ? 1 : -1
    this.#chosen = rowList(batchTicks)
  }

  async *batches(memory: () => ColumnBuffer): AsyncGenerator<TickColumns, void, undefined> {
    for (const [rank, source] of this.#sources.entries()) {
      const cursor: Cursor = { source, rank, columns: NOTHING, row: 0 }
      this.#columns.push(NOTHING)
      if (await this.#refill(cursor)) this.#heap.push(cursor)
    }
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i)
    let batch = memory()
    while (this.#heap.length > 0) {
      const isUsedUp = this.#takeRun(this.#batchTicks - batch.length)
      if (isUsedUp) {
        this.#copyChosen(batch)
        await this.#refillFirst()
      } else if (batch.length + this.#chosen.length >= this.#batchTicks) this.#copyChosen(batch)
      if (batch.length < this.#batchTicks) continue
      yield batch.rows(0, batch.length)
      batch = memory()
    }
    if (batch.length > 0) yield batch.rows(0, batch.length)
  }

  /** Chooses rows of the first cursor while it stays first and there is room; true when that cursor has used up its columns. */
  #takeRun(room: number): boolean {
    const first = this.#heap[0] as Cursor
    const left = this.#heap[1]
    const right = this.#heap[2]
    const rival = left && right && this.#isBefore(right, left) ? right : left
    const chosen = this.#chosen
    do {
      chosen.which[chosen.length] = first.rank
      chosen.rows[chosen.length] = first.row
      chosen.length++
      first.row += this.#step
      if (first.row < 0 || first.row >= first.columns.length) return true
    } while (chosen.length < room && (rival === undefined || this.#isBefore(first, rival)))
    this.#sink(0)
    return false
  }

  #copyChosen(batch: ColumnBuffer): void {
    gather(batch, this.#columns, this.#chosen)
    this.#chosen.length = 0
  }

  async #refillFirst(): Promise<void> {
    const first = this.#heap[0] as Cursor
    if (!(await this.#refill(first))) {
      const last = this.#heap.pop() as Cursor
      if (this.#heap.length > 0) this.#heap[0] = last
    }
    this.#sink(0)
  }

  async #refill(cursor: Cursor): Promise<boolean> {
    for (;;) {
      const { done, value } = await cursor.source.next()
      if (done) return false
      if (value.length === 0) continue
      cursor.columns = value
      cursor.row = this.#step > 0 ? 0 : value.length - 1
      this.#columns[cursor.rank] = value
      return true
    }
  }

  #isBefore(a: Cursor, b: Cursor): boolean {
    const difference =
      (a.columns.ts[a.row] as number) - (b.columns.ts[b.row] as number) ||
      (a.columns.st[a.row] as number) - (b.columns.st[b.row] as number) ||
      a.rank - b.rank
    return difference * this.#step < 0
  }

  #sink(from: number): void {
    const heap = this.#heap
    const moving = heap[from]
    if (moving === undefined) return
    let at = from
    for (;;) {
      const left = heap[2 * at + 1]
      if (left === undefined) break
      const right = heap[2 * at + 2]
      const isRight = right !== undefined && this.#isBefore(right, left)
      const child = isRight ? right : left
      if (!this.#isBefore(child, moving)) break
      heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = moving
  }
}

const NOTHING = new ColumnBuffer(0)
