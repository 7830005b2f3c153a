import type { TickType } from '@ib-stream/model'
import { CORE_BITS, type ColumnBuffer, FIELD_BIT, TT_RANK } from '../codec/columns.ts'
import { type DecodedChunk, decodeChunk } from './decode-chunk.ts'
import { physicalOf, type RowGroup } from './footer.ts'
import { COLUMNS, type Column, type Scales } from './schema.ts'

/** A row group in memory, decoded column by column. */
export interface DecodedGroup {
  rows: number
  columns: readonly {
    column: Column
    chunk: DecodedChunk /** Place of each row's value; undefined where every row has one. */
    places: Int32Array | undefined
  }[]
}

/**
 * Decodes the chunks of a row group, which lie one behind the other.
 * @param bytes of all its chunks
 * @throws RangeError for bytes that are none
 */
export function decodeGroup(bytes: Uint8Array, group: RowGroup, tt: TickType, scales: Scales): DecodedGroup {
  const { rows } = group
  const start = group.chunks[0]?.offsetBytes ?? 0
  const columns = COLUMNS[tt].map((column, index) => {
    const place = group.chunks[index] as RowGroup['chunks'][number]
    const from = place.offsetBytes - start
    const physical = physicalOf(column.kind, scales)
    const chunk = decodeChunk(bytes.subarray(from, from + place.bytes), { physical, optional: column.optional, rows })
    const scale = column.kind === 'price' || column.kind === 'size' ? scales[column.kind] : undefined
    if (scale !== undefined && chunk.numbers) toDoubles(chunk.numbers, 10 ** scale)
    return { column, chunk, places: chunk.present && placesOf(chunk.present) }
  })
  return { rows, columns }
}

function toDoubles(units: Float64Array, unitsOfOne: number): void {
  for (let i = 0; i < units.length; i++) units[i] = (units[i] as number) / unitsOfOne
}

function placesOf(present: Uint8Array): Int32Array | undefined {
  if (!present.includes(0)) return undefined
  const places = new Int32Array(present.length)
  let place = 0
  for (let row = 0; row < present.length; row++) places[row] = present[row] === 1 ? place++ : -1
  return places
}

/** Appends rows [from, to) of a group to columns that have room for them. */
export function appendRows(
  out: ColumnBuffer,
  group: DecodedGroup,
  { cid, tt }: { cid: number; tt: TickType },
  from: number,
  to: number,
): void {
  const start = out.length
  const count = to - from
  out.cid.fill(cid, start, start + count)
  out.tt.fill(TT_RANK[tt], start, start + count)
  out.fields.fill(CORE_BITS, start, start + count)
  for (const { column, chunk, places } of group.columns) {
    const { key } = column
    const bit = FIELD_BIT[key]
    if (chunk.flags) {
      for (let i = 0; i < count; i++) if (chunk.flags[from + i] === 1) out.fields[start + i] = (out.fields[start + i] as number) | bit
      continue
    }
    if (chunk.numbers && places === undefined) {
      out[key as 'ts'].set(chunk.numbers.subarray(from, to), start)
      if (key !== 'ts' && key !== 'st' && key !== 'rid')
        for (let i = 0; i < count; i++) out.fields[start + i] = (out.fields[start + i] as number) | bit
      continue
    }
    for (let i = 0; i < count; i++) {
      const place = places === undefined ? from + i : (places[from + i] as number)
      if (place < 0) continue
      out.fields[start + i] = (out.fields[start + i] as number) | bit
      if (chunk.numbers) out[key as 'p'][start + i] = chunk.numbers[place] as number
      else out.putText(key as 'ex', start + i, chunk.texts?.[place] as string)
    }
  }
  out.length = start + count
}
