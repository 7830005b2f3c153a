import { ColumnBuffer, type TickColumns } from '../codec/columns.ts'
import { gather, rowList } from './gather.ts'

/** Those rows that were received up to `untilStUs`, µs UTC; the same columns where that is all of them. */
export function rowsUntil(columns: TickColumns, untilStUs: number): TickColumns {
  const list = rowList(columns.length)
  for (let row = 0; row < columns.length; row++) if ((columns.st[row] as number) <= untilStUs) list.rows[list.length++] = row
  if (list.length === columns.length) return columns
  const out = new ColumnBuffer(Math.max(1, list.length))
  gather(out, [columns], list)
  return out
}
