import { US_PER_HOUR } from '@ib-stream/model'
import { ColumnBuffer, type ColumnLife, columnMemory } from '../codec/columns.ts'
import type { SegmentRead } from './plan.ts'
import { readSealed } from './read-sealed.ts'
import { RowReader, type StampFilter } from './rows.ts'
import { type Block, blockIn, blocksOf, damaged, openSegment, type ReadContext, type SegmentFile, segmentGone } from './segment-file.ts'
import { areSorted, sortRows } from './sort-rows.ts'
import { type Stretch, surveyOf } from './survey.ts'
import { surveyCache } from './survey-cache.ts'
import { stretchesOf, windowsOf } from './windows.ts'

export type Order = 'ascending' | 'descending'

/** Ticks at hand at once for each file: of a stream, and of a window that must be sorted. And whether the columns of a stream must stay when the next ones are asked for. */
export interface RowBounds {
  streamRows: number
  windowRows: number
  columns: ColumnLife
}

type Rows = AsyncGenerator<ColumnBuffer, void, undefined>

/**
 * Ticks of one file, those of the range only, in query order: rows ascend within each of the columns; with `descending` the columns come last first.
 *
 * What the file is decides how it is read. One that the manifest or the checkpoint calls sorted is streamed. A short one is read whole and sorted if it must be.
 * Of any other the stamps are surveyed first; a sorted one is then streamed from where the range begins, one with late ticks read in windows of time that are
 * sorted in memory. The file is open from the first `next()` to the end.
 * @throws StorageError `IBS_STORAGE_RECORD_TORN` (path, offset) for damage inside committed bytes, `IBS_STORAGE_SEGMENT_GONE`, `IBS_STORAGE_LINK_REFUSED`
 */
export async function* readSegment(read: SegmentRead, context: ReadContext, order: Order, bounds: RowBounds): Rows {
  const filter = filterOf(read, context)
  if (read.sealed) return yield* readSealed(read, context, filter, order, bounds)
  await using file = await openSegment(read, context)
  const isWhole = isAllOf(filter, { firstTs: read.segment.hourUs, lastTs: read.segment.hourUs + US_PER_HOUR - 1 })
  const wanted = isWhole ? undefined : filter
  if (isWhole && order === 'ascending' && read.known?.sorted === true) {
    return yield* inOrder(file, streamed(blocksOf(file, { fromBytes: 0, toBytes: read.bytes }), new RowReader(file), bounds))
  }
  if (read.bytes <= bounds.windowRows * BYTES_OF_TICK) {
    const blocks = blocksOf(file, { fromBytes: 0, toBytes: read.bytes })
    return yield* inDirection(await sorted(blocks, new RowReader(file, wanted), bounds), order)
  }
  const survey = await surveyOf(file)
  if (survey.sorted) return yield* inOrder(file, stretchRows(file, stretchesOf(survey, filter), wanted, order, bounds), order)
  const windows = await windowsOf(file, survey, filter, bounds.windowRows)
  for (const window of order === 'ascending' ? windows : windows.toReversed()) {
    const stretches = stretchesOf(survey, window.filter)
    if (window.oneStamp) yield* stretchRows(file, stretches, window.filter, order, bounds)
    else yield* inDirection(await sorted(blocksIn(file, stretches), new RowReader(file, window.filter), bounds), order)
  }
}

/** The shortest records that there are: a file of so many bytes a row cannot have more rows than a window. */
const BYTES_OF_TICK = 32

/** Every stamp of a file that the range wants. */
export function filterOf({ segment, afterStUs = -1, untilStUs = MOST_ST }: SegmentRead, { startUs, endUs }: ReadContext): StampFilter {
  return {
    fromTs: Math.max(startUs, segment.hourUs),
    toTs: Math.min(endUs, segment.hourUs + US_PER_HOUR),
    fromSt: afterStUs + 1,
    toSt: untilStUs + 1,
  }
}

const MOST_ST = 2 ** 53 - 1

/** True where a filter lets all ticks of a file pass. */
export const isAllOf = (filter: StampFilter, { firstTs, lastTs }: { firstTs: number; lastTs: number }): boolean =>
  filter.fromTs <= firstTs && filter.toTs > lastTs && !boundsSt(filter)

/** True where a filter looks at the time of receipt as well. */
export const boundsSt = ({ fromSt, toSt }: StampFilter): boolean => fromSt > 0 || toSt <= MOST_ST

/** Columns as soon as they are full. */
async function* streamed(blocks: AsyncIterable<Block>, rows: RowReader, { streamRows, columns: life }: RowBounds): Rows {
  const memory = columnMemory(life, streamRows)
  let columns = memory()
  for await (const block of blocks) {
    rows.begin(block)
    while (rows.fill(columns)) {
      yield columns
      columns = memory()
    }
  }
  if (columns.length > 0) yield columns
}

async function* stretchRows(
  file: SegmentFile,
  stretches: readonly Stretch[],
  wanted: StampFilter | undefined,
  order: Order,
  bounds: RowBounds,
): Rows {
  const rows = new RowReader(file, wanted)
  if (order === 'ascending') return yield* streamed(blocksIn(file, stretches), rows, bounds)
  for (const stretch of stretches.toReversed()) yield* (await loaded(blocksIn(file, [stretch]), rows, bounds)).reverse()
}

async function* blocksIn(file: SegmentFile, stretches: readonly Stretch[]): AsyncGenerator<Block, void, undefined> {
  for (const stretch of stretches) yield await blockIn(file, stretch)
}

async function loaded(blocks: AsyncIterable<Block>, rows: RowReader, bounds: RowBounds): Promise<ColumnBuffer[]> {
  const chunks: ColumnBuffer[] = []
  for await (const columns of streamed(blocks, rows, { ...bounds, columns: 'kept' })) chunks.push(columns)
  return chunks
}

async function sorted(blocks: AsyncIterable<Block>, rows: RowReader, bounds: RowBounds): Promise<ColumnBuffer[]> {
  const chunks = await loaded(blocks, rows, bounds)
  return areSorted(chunks) ? chunks : sortRows(chunks, bounds.streamRows)
}

const inDirection = (chunks: ColumnBuffer[], order: Order): ColumnBuffer[] => (order === 'ascending' ? chunks : chunks.reverse())

/** Passes on what is in order. A manifest or a survey said that it would be; where it is not, the file is damaged or was written to by somebody else. */
async function* inOrder(file: SegmentFile, rows: Rows, order: Order = 'ascending'): Rows {
  let before: ColumnBuffer | undefined
  for await (const columns of rows) {
    const pair = before === undefined ? [columns] : order === 'ascending' ? [before, columns] : [columns, before]
    if (!areSorted(pair)) throw notInOrder(file)
    before = edge(columns, order)
    yield columns
  }
}

/** The row of columns that lies next to those that follow. */
function edge(columns: ColumnBuffer, order: Order): ColumnBuffer {
  const row = order === 'ascending' ? columns.length - 1 : 0
  const one = new ColumnBuffer(1)
  one.ts[0] = columns.ts[row] as number
  one.st[0] = columns.st[row] as number
  one.length = 1
  return one
}

function notInOrder(file: SegmentFile): unknown {
  surveyCache.forget(file)
  const { read } = file
  if (read.known !== undefined)
    damaged(file, { offsetBytes: 0, bytes: read.bytes, cause: new Error('its ticks are not in the order that its manifest says') })
  return segmentGone(read.segment.path)
}
