import { ColumnBuffer } from '../codec/columns.ts'
import { gather, type RowList, rowList } from './gather.ts'

/** Whether rows stand in order of (`ts`, `st`), within each of the columns and from one to the next. */
export function areSorted(chunks: readonly ColumnBuffer[]): boolean {
  let lastTs = -1
  let lastSt = -1
  for (const { ts, st, length } of chunks) {
    for (let row = 0; row < length; row++) {
      const rowTs = ts[row] as number
      const rowSt = st[row] as number
      if (rowTs < lastTs || (rowTs === lastTs && rowSt < lastSt)) return false
      lastTs = rowTs
      lastSt = rowSt
    }
  }
  return true
}

/** The same rows in order of (`ts`, `st`, place), as columns of the same capacity. Takes the memory of the rows once more while it works. */
export function sortRows(chunks: readonly ColumnBuffer[], capacity: number): ColumnBuffer[] {
  const total = chunks.reduce((sum, { length }) => sum + length, 0)
  const all = rowList(total)
  const ts = new Float64Array(total)
  const st = new Float64Array(total)
  for (const [which, chunk] of chunks.entries()) {
    ts.set(chunk.ts.subarray(0, chunk.length), all.length)
    st.set(chunk.st.subarray(0, chunk.length), all.length)
    for (let row = 0; row < chunk.length; row++, all.length++) {
      all.which[all.length] = which
      all.rows[all.length] = row
    }
  }
  const order = Uint32Array.from({ length: total }, (_, place) => place).sort(
    (a, b) => (ts[a] as number) - (ts[b] as number) || (st[a] as number) - (st[b] as number) || a - b,
  )
  return gathered(chunks, all, order, capacity)
}

function gathered(chunks: readonly ColumnBuffer[], all: RowList, order: Uint32Array, capacity: number): ColumnBuffer[] {
  const sorted: ColumnBuffer[] = []
  const list = rowList(capacity)
  for (let from = 0; from < order.length; from += capacity) {
    list.length = Math.min(capacity, order.length - from)
    for (let i = 0; i < list.length; i++) {
      const place = order[from + i] as number
      list.which[i] = all.which[place] as number
      list.rows[i] = all.rows[place] as number
    }
    const out = new ColumnBuffer(capacity)
    gather(out, chunks, list)
    sorted.push(out)
  }
  return sorted
}
