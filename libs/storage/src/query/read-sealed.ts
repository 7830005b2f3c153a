import type { ColumnBuffer } from '../codec/columns.ts'
import { readFooter, sealedBytesOf } from '../parquet/sealed-file.ts'
import { sealedRows } from '../parquet/sealed-rows.ts'
import type { SegmentRead } from './plan.ts'
import type { Order, RowBounds } from './read-segment.ts'
import type { StampFilter } from './rows.ts'
import { openSegment, type ReadContext } from './segment-file.ts'

/**
 * Ticks of one hour of a sealed file, those of the range only, in query order. The file is open from the first `next()` to the end.
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`, `IBS_STORAGE_SEGMENT_GONE`, `IBS_STORAGE_LINK_REFUSED`
 */
export async function* readSealed(
  read: SegmentRead,
  context: ReadContext,
  filter: StampFilter,
  order: Order,
  { streamRows, columns: life }: RowBounds,
): AsyncGenerator<ColumnBuffer, void, undefined> {
  await using file = await openSegment(read, context)
  const bytes = await sealedBytesOf(read.segment.path, file.handle)
  yield* sealedRows(bytes, await readFooter(bytes), { filter, order, rows: streamRows, life, checkpoint: context.checkpoint })
}

/** How many ticks of a filter an hour of a sealed file has. */
export async function countSealed(read: SegmentRead, context: ReadContext, filter: StampFilter): Promise<number> {
  let count = 0
  const bounds = { streamRows: 4096, windowRows: 0, columns: 'lent' } as const
  for await (const { length } of readSealed(read, context, filter, 'ascending', bounds)) count += length
  return count
}
