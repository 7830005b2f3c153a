import type { TickMessage } from '@ib-stream/model'
import { type ColumnBuffer, type ColumnLife, columnMemory, type TickColumns } from '../codec/columns.ts'
import { tickOfRow } from '../codec/tick-of-row.ts'
import { appendRows, type DecodedGroup, decodeGroup } from './decode-group.ts'
import type { Footer, RowGroup } from './footer.ts'
import { readFooter, type SealedBytes, sealedDamaged } from './sealed-file.ts'

/** Rows wanted: `fromTs` ≤ ts < `toTs`, and `fromSt` ≤ st < `toSt`, µs UTC. */
export interface SealedFilter {
  fromTs: number
  toTs: number
  fromSt: number
  toSt: number
}

export interface SealedRowsOptions {
  filter: SealedFilter
  order: 'ascending' | 'descending'
  /** Most rows at once. */
  rows: number
  life: ColumnLife
  /** Throws when the reading must end; called before each read. */
  checkpoint?: () => void
}

/**
 * Ticks of a sealed file in query order: rows ascend within each of the columns; with `descending` the columns come last first. Only row groups that touch the range are read.
 * Memory: one row group.
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`
 */
export async function* sealedRows(
  file: SealedBytes,
  footer: Footer,
  { filter, order, rows, life, checkpoint }: SealedRowsOptions,
): AsyncGenerator<ColumnBuffer, void, undefined> {
  const wanted = footer.groups.filter(({ firstTs, lastTs }) => firstTs < filter.toTs && lastTs >= filter.fromTs)
  const memory = columnMemory(life, rows)
  for (const group of order === 'ascending' ? wanted : wanted.reverse()) {
    checkpoint?.()
    const decoded = await groupIn(file, footer, group)
    const runs = runsOf(decoded, filter, rows)
    for (const { from, to } of order === 'ascending' ? runs : runs.reverse()) {
      const columns = memory()
      appendRows(columns, decoded, footer.facts, from, to)
      yield columns
    }
  }
}

async function groupIn(file: SealedBytes, { facts, scales }: Footer, group: RowGroup): Promise<DecodedGroup> {
  const start = group.chunks[0]?.offsetBytes ?? 0
  const length = group.chunks.reduce((sum, { bytes }) => sum + bytes, 0)
  const bytes = await file.read(start, length)
  try {
    return decodeGroup(bytes, group, facts.tt, scales)
  } catch (cause) {
    throw sealedDamaged(file.path, `row group at byte ${start}: ${Error.isError(cause) ? cause.message : String(cause)}`, cause)
  }
}

/** Rows of a group that a filter lets pass, neighbours together, at most so many at once. */
function runsOf(group: DecodedGroup, { fromTs, toTs, fromSt, toSt }: SealedFilter, most: number): { from: number; to: number }[] {
  const [ts, st] = group.columns.map(({ chunk }) => chunk.numbers as Float64Array) as [Float64Array, Float64Array]
  const runs: { from: number; to: number }[] = []
  const end = lowerBound(ts, toTs)
  for (let row = lowerBound(ts, fromTs); row < end; ) {
    const from = row
    while (row < end && row - from < most && (st[row] as number) >= fromSt && (st[row] as number) < toSt) row++
    if (row > from) runs.push({ from, to: row })
    else row++
  }
  return runs
}

/** First place in ascending values that is not below one. */
function lowerBound(values: Float64Array, least: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) < least) low = middle + 1
    else high = middle
  }
  return low
}

export const ALL_ROWS: SealedFilter = { fromTs: 0, toTs: Number.MAX_SAFE_INTEGER, fromSt: 0, toSt: Number.MAX_SAFE_INTEGER }

/**
 * All ticks of a sealed file that is in memory.
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`
 */
export async function decodeSealed(bytes: Uint8Array, path = 'a sealed file'): Promise<TickMessage[]> {
  const file: SealedBytes = { path, sizeBytes: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) }
  const ticks: TickMessage[] = []
  const options = { filter: ALL_ROWS, order: 'ascending', rows: 4096, life: 'lent' } as const
  for await (const columns of sealedRows(file, await readFooter(file), options)) ticks.push(...ticksOf(columns))
  return ticks
}

const ticksOf = (columns: TickColumns): TickMessage[] => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row))
