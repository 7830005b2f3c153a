import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { type BlockReader, RECORD_FORMAT } from '../codec/block-reader.ts'
import { isMissing, StorageError } from '../errors.ts'
import type { DamageList } from './damage.ts'
import type { SegmentRead } from './plan.ts'

/** How a file is read. */
export interface ReadContext {
  dataDir: string
  /** [startUs, endUs) on `ts`. */
  startUs: number
  endUs: number
  chunkBytes: number
  damage: DamageList
  /** Throws when the reading must end; called before each read. */
  checkpoint(): void
}

/**
 * Ticks of one file in query order, those of the range only, a chunk's worth at a time. A first pass over the stamps finds whether the file is sorted and which
 * bytes hold the range; a sorted file is then streamed, another one loaded and sorted. The file is open from the first `next()` to the end.
 * @throws StorageError `IBS_STORAGE_RECORD_TORN` (path, offset) for damage inside committed bytes, `IBS_STORAGE_SEGMENT_GONE`
 */
export async function* readSegment(read: SegmentRead, context: ReadContext): AsyncGenerator<TickMessage[], void, undefined> {
  context.checkpoint()
  const handle = await openSame(read, context)
  try {
    const survey = await surveyOf(handle, read, context)
    const batches = ticksOf(handle, read, context, survey)
    if (survey.sorted) yield* batches
    else {
      const all: TickMessage[] = []
      for await (const ticks of batches) for (const tick of ticks) all.push(tick)
      if (all.length > 0) yield all.sort(compareTicks)
    }
  } finally {
    await handle.close()
  }
}

async function openSame(read: SegmentRead, { dataDir }: ReadContext): Promise<FileHandle> {
  const { path } = read.segment
  let handle: FileHandle | undefined
  try {
    handle = await open(join(dataDir, path), 'r')
    if ((await handle.stat()).ino === read.inode) return handle
  } catch (error) {
    await handle?.close()
    if (!isMissing(error)) throw error
    throw gone(path, error)
  }
  await handle.close()
  throw gone(path)
}

const gone = (path: string, cause?: unknown): StorageError =>
  new StorageError(
    'IBS_STORAGE_SEGMENT_GONE',
    `${path} was removed or replaced after the range was opened; open the range again`,
    { path },
    { cause },
  )

interface Survey {
  sorted: boolean
  /** Whole records of the range lie in these bytes; all of them where the file is not sorted. */
  fromBytes: number
  toBytes: number
}

/** Looks at the stamps of every record; in a sorted file also finds where the range begins and ends. */
async function surveyOf(handle: FileHandle, read: SegmentRead, context: ReadContext): Promise<Survey> {
  const { startUs, endUs } = context
  const survey: Survey = { sorted: true, fromBytes: -1, toBytes: -1 }
  let lastTs = -1
  let lastSt = -1
  let wholeBytes = 0
  for await (const { block, offsetBytes } of blocksOf(handle, read, context, { fromBytes: 0, toBytes: read.bytes })) {
    const records = RECORD_FORMAT[read.segment.backend].read(block)
    while (records.next()) {
      if (!records.readStamps() && !stampsByDecoding(records)) continue
      const { ts, st } = records
      if (ts < lastTs || (ts === lastTs && st < lastSt)) survey.sorted = false
      lastTs = ts
      lastSt = st
      if (survey.fromBytes < 0 && ts >= startUs) survey.fromBytes = offsetBytes + records.start
      if (survey.toBytes < 0 && ts >= endUs) survey.toBytes = offsetBytes + records.start
    }
    wholeBytes = offsetBytes + block.length
  }
  if (!survey.sorted) return { sorted: false, fromBytes: 0, toBytes: wholeBytes }
  return {
    sorted: true,
    fromBytes: survey.fromBytes < 0 ? wholeBytes : survey.fromBytes,
    toBytes: survey.toBytes < 0 ? wholeBytes : survey.toBytes,
  }
}

/** For records in another spelling. False for what is no tick: reading it says so, if it lies in the range. */
function stampsByDecoding(records: BlockReader): boolean {
  try {
    const { ts, st } = records.decode()
    records.ts = ts
    records.st = st
    return true
  } catch (error) {
    if (isStorageError(error)) return false
    throw error
  }
}

async function* ticksOf(
  handle: FileHandle,
  read: SegmentRead,
  context: ReadContext,
  survey: Survey,
): AsyncGenerator<TickMessage[], void, undefined> {
  const { startUs, endUs } = context
  for await (const { block, offsetBytes } of blocksOf(handle, read, context, survey)) {
    const ticks: TickMessage[] = []
    const records = RECORD_FORMAT[read.segment.backend].read(block)
    while (records.next()) {
      const tick = decoded(records, read, context, offsetBytes)
      if (tick !== undefined && tick.ts >= startUs && tick.ts < endUs) ticks.push(tick)
    }
    if (ticks.length > 0) yield ticks
  }
}

/** The tick; undefined for a record that is none, which is an error where a checkpoint vouches for it and a note elsewhere. */
function decoded(records: BlockReader, read: SegmentRead, context: ReadContext, blockOffsetBytes: number): TickMessage | undefined {
  try {
    const tick = records.decode()
    assertInPlace(tick, read)
    return tick
  } catch (error) {
    if (!isStorageError(error)) throw error
    damaged(read, context, { offsetBytes: blockOffsetBytes + records.start, bytes: records.end - records.start, cause: error })
    return undefined
  }
}

/** A tick of another contract, type or hour in a file would break the order and the answer. */
function assertInPlace(tick: TickMessage, { segment }: SegmentRead): void {
  const { cid, tt, hourUs } = segment
  if (tick.cid === cid && tick.tt === tt && tick.ts >= hourUs && tick.ts < hourUs + US_PER_HOUR) return
  throw new StorageError(
    'IBS_STORAGE_TICK_INVALID',
    `a tick of ${tick.cid} ${tick.tt} at ${tick.ts} does not belong here; move it to its file`,
    {
      field: tick.cid !== cid ? 'cid' : tick.tt !== tt ? 'tt' : 'ts',
      value: tick.cid !== cid ? tick.cid : tick.tt !== tt ? tick.tt : tick.ts,
      rule: 'contract, type and hour as the file says',
    },
  )
}

function damaged(read: SegmentRead, { damage }: ReadContext, at: { offsetBytes: number; bytes: number; cause: unknown }): void {
  const { path } = read.segment
  const why = Error.isError(at.cause) ? at.cause.message : 'the file ends inside a record'
  if (!read.committed) {
    damage.add(path, at.offsetBytes, at.bytes, why)
    return
  }
  throw new StorageError(
    'IBS_STORAGE_RECORD_TORN',
    `${path} is damaged at byte ${at.offsetBytes} (${why}); restore the file from a copy or another backend`,
    { path, offset: at.offsetBytes },
    { cause: at.cause },
  )
}

interface Block {
  /** Whole records; good until the next block is asked for. */
  block: Uint8Array
  /** Where in the file it begins. */
  offsetBytes: number
}

/** Bytes of a file as blocks of whole records. What is left at the end is damage, and so are bytes that are no records. */
async function* blocksOf(
  handle: FileHandle,
  read: SegmentRead,
  context: ReadContext,
  range: { fromBytes: number; toBytes: number },
): AsyncGenerator<Block, void, undefined> {
  const splitter = RECORD_FORMAT[read.segment.backend].splitter()
  const chunk = Buffer.allocUnsafe(Math.min(context.chunkBytes, Math.max(0, range.toBytes - range.fromBytes)))
  let blockStart = range.fromBytes
  for (let at = range.fromBytes; at < range.toBytes; ) {
    context.checkpoint()
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, range.toBytes - at), at)
    if (bytesRead === 0) throw gone(read.segment.path) // shorter than it was: somebody cut it
    at += bytesRead
    let block: Uint8Array
    try {
      block = splitter.push(chunk.subarray(0, bytesRead))
    } catch (cause) {
      if (!isStorageError(cause)) throw cause
      damaged(read, context, { offsetBytes: blockStart, bytes: range.toBytes - blockStart, cause })
      return
    }
    if (block.length > 0) yield { block, offsetBytes: blockStart }
    blockStart += block.length
  }
  if (splitter.tornBytes > 0) damaged(read, context, { offsetBytes: blockStart, bytes: splitter.tornBytes, cause: undefined })
}

const isStorageError = (error: unknown): boolean => Error.isError(error) && error.name === 'StorageError'
