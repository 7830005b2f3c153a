import { FIELD_BIT, type TickColumns } from '../codec/columns.ts'
import type { Column, Scales } from './schema.ts'

/** What of a column goes into a row group: values of the rows that have one. */
export type ColumnValues =
  /** Whole numbers: µs, ids, or units of a DECIMAL. */
  | { form: 'whole'; values: Float64Array; present: Uint8Array | undefined }
  | { form: 'double'; values: Float64Array; present: Uint8Array | undefined }
  | { form: 'text'; values: readonly string[]; present: Uint8Array | undefined }
  | { form: 'flag'; values: Uint8Array; present: undefined }

/** Reads one column of ticks, which is all of one contract and type. */
export function valuesOf(columns: TickColumns, column: Column, scales: Scales): ColumnValues {
  const { key, kind, optional } = column
  const present = optional ? presenceOf(columns, FIELD_BIT[key]) : undefined
  switch (kind) {
    case 'time':
    case 'int':
      return { form: 'whole', values: Float64Array.from(columns[key as 'ts' | 'rid'].subarray(0, columns.length)), present }
    case 'flag':
      return { form: 'flag', values: presenceOf(columns, FIELD_BIT[key]), present: undefined }
    case 'text':
      return { form: 'text', values: textsOf(columns, key as 'ex', present), present }
    case 'price':
    case 'size': {
      const values = withValue(columns[key as 'p'].subarray(0, columns.length), present)
      const places = scales[kind]
      if (places === undefined) return { form: 'double', values, present }
      const units = 10 ** places
      for (let i = 0; i < values.length; i++) values[i] = Math.round((values[i] as number) * units)
      return { form: 'whole', values, present }
    }
  }
}

function presenceOf({ fields, length }: TickColumns, bit: number): Uint8Array {
  const present = new Uint8Array(length)
  for (let row = 0; row < length; row++) present[row] = ((fields[row] as number) & bit) === 0 ? 0 : 1
  return present
}

/** A copy without the rows that have none. */
function withValue(values: Float64Array, present: Uint8Array | undefined): Float64Array {
  if (present === undefined) return Float64Array.from(values)
  return values.filter((_, row) => present[row] === 1)
}

function textsOf(columns: TickColumns, key: 'ex' | 'sc', present: Uint8Array | undefined): string[] {
  const texts: string[] = []
  for (let row = 0; row < columns.length; row++) if (present?.[row] === 1) texts.push(columns[key][row] ?? '')
  return texts
}
