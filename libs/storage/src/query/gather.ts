import { type ColumnBuffer, FIELD_BIT, type TickColumns } from '../codec/columns.ts'

/** Rows of several columns by number: row `rows[i]` of `sources[which[i]]`. */
export interface RowList {
  which: Uint16Array
  rows: Int32Array
  length: number
}

export const rowList = (capacity: number): RowList => ({ which: new Uint16Array(capacity), rows: new Int32Array(capacity), length: 0 })

const NUMBERS = ['p', 's', 'bp', 'bs', 'ap', 'as', 'mp'] as const

/** Appends the listed rows to columns that have room for them, a column after the other; columns that none of them has are left alone. */
export function gather(out: ColumnBuffer, sources: readonly TickColumns[], list: RowList): void {
  const start = out.length
  let bits = 0
  for (let i = 0; i < list.length; i++) {
    const source = sources[list.which[i] as number] as TickColumns
    const row = list.rows[i] as number
    const fields = source.fields[row] as number
    const to = start + i
    out.fields[to] = fields
    out.ts[to] = source.ts[row] as number
    out.st[to] = source.st[row] as number
    out.cid[to] = source.cid[row] as number
    out.tt[to] = source.tt[row] as number
    out.rid[to] = source.rid[row] as number
    bits |= fields
  }
  for (const key of NUMBERS) {
    if ((bits & FIELD_BIT[key]) === 0) continue
    const columns = sources.map((source) => source[key])
    copyNumbers(out[key], start, columns, list)
  }
  for (const key of ['ex', 'sc'] as const) {
    if ((bits & FIELD_BIT[key]) === 0) continue
    for (let i = 0; i < list.length; i++) {
      const text = sources[list.which[i] as number]?.[key][list.rows[i] as number]
      if (text !== undefined) out.putText(key, start + i, text)
    }
  }
  out.length = start + list.length
}

function copyNumbers(out: Float64Array, start: number, columns: readonly Float64Array[], { which, rows, length }: RowList): void {
  for (let i = 0; i < length; i++) out[start + i] = (columns[which[i] as number] as Float64Array)[rows[i] as number] as number
}
