import type { TickColumns } from '../codec/columns.ts'
import { encodeTicksJson } from '../codec/json.ts'
import { encodeTicksProto } from '../codec/proto.ts'
import { tickOfRow } from '../codec/tick-of-row.ts'
import type { OwnBackend } from '../layout/backend.ts'
import type { SegmentRead } from './plan.ts'
import { countSealed } from './read-sealed.ts'
import { boundsSt, filterOf, isAllOf } from './read-segment.ts'
import type { StampFilter } from './rows.ts'
import { openSegment, type ReadContext, readSome, recordsIn, type SegmentFile } from './segment-file.ts'
import { hasStamps, type Stretch, surveyOf } from './survey.ts'
import { stretchesOf } from './windows.ts'

/** Bytes of a file that are the answer as they lie. */
export interface Slice {
  fromBytes: number
  toBytes: number
}

/**
 * The slice of a sorted file that holds the range: what its manifest says, or a survey. Undefined where its bytes are not the answer: late ticks, records in
 * another spelling or none.
 */
export async function sliceOf(file: SegmentFile): Promise<Slice | undefined> {
  const { read, context } = file
  const filter = filterOf(read, context)
  if (boundsSt(filter)) return undefined
  if (read.known !== undefined && isAllOf(filter, read.known)) return read.known.sorted ? { fromBytes: 0, toBytes: read.bytes } : undefined
  const survey = await surveyOf(file)
  if (!survey.sorted || !survey.plain) return undefined
  const stretches = stretchesOf(survey, filter)
  const [first, last] = [stretches[0], stretches.at(-1)]
  if (first === undefined || last === undefined) return { fromBytes: 0, toBytes: 0 }
  return { fromBytes: await placeOf(file, first, filter.fromTs), toBytes: await placeOf(file, last, filter.toTs) }
}

/** Where in a stretch the first record of `fromTs` or later begins; its end where there is none. */
async function placeOf(file: SegmentFile, stretch: Stretch, fromTs: number): Promise<number> {
  if (stretch.minTs >= fromTs) return stretch.fromBytes
  if (stretch.maxTs < fromTs) return stretch.toBytes
  const records = await recordsIn(file, stretch)
  while (records.next()) if (hasStamps(records) && records.ts >= fromTs) return stretch.fromBytes + records.start
  return stretch.toBytes
}

/** Gives the memory for the next chunk, of at most so many bytes. */
export type ChunkMemory = (bytes: number) => Buffer

/**
 * Memory of chunks that are kept: each is new. Lent ones are one piece of memory, written again and again: new memory costs the kernel several times what copying a chunk
 * into it costs.
 */
export function chunkMemory(chunks: 'kept' | 'lent', chunkBytes: number): ChunkMemory {
  if (chunks === 'kept') return (bytes) => Buffer.allocUnsafeSlow(Math.min(bytes, chunkBytes))
  const memory = Buffer.allocUnsafeSlow(chunkBytes)
  return (bytes) => memory.subarray(0, bytes)
}

/** The bytes of a slice, a chunk at a time; a chunk may end inside a record. */
export async function* readSlice(
  file: SegmentFile,
  { fromBytes, toBytes }: Slice,
  memory: ChunkMemory,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = fromBytes; at < toBytes; ) {
    const chunk = memory(toBytes - at)
    const bytesRead = await readSome(file, chunk, { fromBytes: at, toBytes })
    at += bytesRead
    yield bytesRead === chunk.length ? chunk : chunk.subarray(0, bytesRead)
  }
}

/** Whole slices of the one file of an hour, or undefined where the hour must be read tick by tick. */
export async function* rawHour(
  hour: readonly SegmentRead[],
  { format, memory }: { format: OwnBackend; memory: ChunkMemory },
  context: ReadContext,
  otherwise: () => AsyncIterable<TickColumns>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [only] = hour
  if (only !== undefined && hour.length === 1 && only.segment.backend === format) {
    await using file = await openSegment(only, context)
    const slice = await sliceOf(file)
    if (slice !== undefined) return yield* readSlice(file, slice, memory)
  }
  for await (const columns of otherwise())
    for (let from = 0; from < columns.length; from += ROWS_AT_ONCE)
      yield encodeRows(format, columns, from, Math.min(columns.length, from + ROWS_AT_ONCE))
}

/** Ticks that live only until they are bytes: so few that none of them outlives the collector's nursery. */
const ROWS_AT_ONCE = 512

function encodeRows(format: OwnBackend, columns: TickColumns, from: number, to: number): Uint8Array {
  const ticks = Array.from({ length: to - from }, (_, row) => tickOfRow(columns, from + row))
  return format === 'json' ? encodeTicksJson(ticks) : encodeTicksProto(ticks)
}

/** How many records of the range a file has, and their bytes, by their stamps alone. */
export async function measureSegment(read: SegmentRead, context: ReadContext): Promise<{ ticks: number; bytes: number }> {
  const filter = filterOf(read, context)
  const { known } = read
  if (known !== undefined && isAllOf(filter, known)) return { ticks: known.count, bytes: read.bytes }
  if (read.sealed) {
    const ticks = await countSealed(read, context, filter)
    return { ticks, bytes: Math.round((read.bytes * ticks) / (known?.count ?? 1)) }
  }
  await using file = await openSegment(read, context)
  const survey = await surveyOf(file)
  const sum = { ticks: 0, bytes: 0 }
  for (const stretch of stretchesOf(survey, filter)) {
    const isInside = stretch.count > 0 && isAllOf(filter, { firstTs: stretch.minTs, lastTs: stretch.maxTs })
    const part = isInside
      ? { ticks: stretch.count, bytes: stretch.toBytes - stretch.fromBytes }
      : await measureStretch(file, stretch, filter)
    sum.ticks += part.ticks
    sum.bytes += part.bytes
  }
  return sum
}

async function measureStretch(
  file: SegmentFile,
  stretch: Stretch,
  { fromTs, toTs, fromSt, toSt }: StampFilter,
): Promise<{ ticks: number; bytes: number }> {
  const sum = { ticks: 0, bytes: 0 }
  const records = await recordsIn(file, stretch)
  while (records.next()) {
    if (!hasStamps(records) || records.ts < fromTs || records.ts >= toTs || records.st < fromSt || records.st >= toSt) continue
    sum.ticks++
    sum.bytes += records.end - records.start
  }
  return sum
}
