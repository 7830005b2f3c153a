import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { type BlockReader, formatOf } from '../codec/block-reader.ts'
import { isMissing, StorageError } from '../errors.ts'
import { linkRefused } from '../layout/find-segments.ts'
import type { DamageList } from './damage.ts'
import type { SegmentRead } from './plan.ts'

/** How files are read. */
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

/** An open file that is read to the length that counted when its range was opened. */
export interface SegmentFile {
  read: SegmentRead
  handle: FileHandle
  context: ReadContext
}

/**
 * Opens the file that was looked at, and no other one that has its name now.
 * @throws StorageError `IBS_STORAGE_SEGMENT_GONE`, `IBS_STORAGE_LINK_REFUSED`
 */
export async function openSegment(read: SegmentRead, context: ReadContext): Promise<SegmentFile & AsyncDisposable> {
  const { path } = read.segment
  context.checkpoint()
  let handle: FileHandle | undefined
  try {
    handle = await open(join(context.dataDir, path), constants.O_RDONLY | constants.O_NOFOLLOW)
    if ((await handle.stat()).ino === read.inode) return new OpenSegment(read, handle, context)
  } catch (error) {
    await handle?.close()
    if (codeOf(error) === 'ELOOP') throw linkRefused(path)
    throw isMissing(error) ? segmentGone(path, error) : error
  }
  await handle.close()
  throw segmentGone(path)
}

class OpenSegment implements SegmentFile {
  readonly read: SegmentRead
  readonly handle: FileHandle
  readonly context: ReadContext

  constructor(read: SegmentRead, handle: FileHandle, context: ReadContext) {
    this.read = read
    this.handle = handle
    this.context = context
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.handle.close()
  }
}

export function segmentGone(path: string, cause?: unknown): StorageError {
  return new StorageError(
    'IBS_STORAGE_SEGMENT_GONE',
    `${path} was removed or replaced after the range was opened; open the range again`,
    { path },
    { cause },
  )
}

/** Whole records of a file. */
export interface Block {
  /** Good until the next block is asked for. */
  bytes: Uint8Array
  /** Where in the file it begins. */
  offsetBytes: number
}

/** The records of a block. */
export const recordsOf = ({ read }: SegmentFile, { bytes }: Block): BlockReader => formatOf(read.segment.backend).read(bytes)

/**
 * Bytes of a file, from the beginning of a record on, as blocks of whole records. What is left at the end is damage, and so are bytes that are no records.
 * @throws StorageError `IBS_STORAGE_RECORD_TORN`, `IBS_STORAGE_SEGMENT_GONE`
 */
export async function* blocksOf(file: SegmentFile, range: { fromBytes: number; toBytes: number }): AsyncGenerator<Block, void, undefined> {
  const { read, handle, context } = file
  const splitter = formatOf(read.segment.backend).splitter()
  const chunk = Buffer.allocUnsafe(Math.min(context.chunkBytes, Math.max(0, range.toBytes - range.fromBytes)))
  let blockStart = range.fromBytes
  for (let at = range.fromBytes; at < range.toBytes; ) {
    context.checkpoint()
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, range.toBytes - at), at)
    if (bytesRead === 0) throw segmentGone(read.segment.path) // shorter than it was: somebody cut it
    at += bytesRead
    let bytes: Uint8Array
    try {
      bytes = splitter.push(chunk.subarray(0, bytesRead))
    } catch (cause) {
      if (!isStorageError(cause)) throw cause
      return damaged(file, { offsetBytes: blockStart, bytes: range.toBytes - blockStart, cause })
    }
    if (bytes.length > 0) yield { bytes, offsetBytes: blockStart }
    blockStart += bytes.length
  }
  if (splitter.tornBytes > 0) damaged(file, { offsetBytes: blockStart, bytes: splitter.tornBytes, cause: undefined })
}

/** The whole records that lie between two places. */
export async function blockIn(file: SegmentFile, { fromBytes, toBytes }: { fromBytes: number; toBytes: number }): Promise<Block> {
  return { bytes: await bytesAt(file, fromBytes, toBytes), offsetBytes: fromBytes }
}

export const recordsIn = async (file: SegmentFile, range: { fromBytes: number; toBytes: number }): Promise<BlockReader> =>
  recordsOf(file, await blockIn(file, range))

/** Exactly these bytes, into `memory` where they fit. */
export async function bytesAt(
  { read, handle, context }: SegmentFile,
  fromBytes: number,
  toBytes: number,
  memory?: Buffer,
): Promise<Buffer> {
  const length = toBytes - fromBytes
  const into = memory !== undefined && memory.length >= length ? memory.subarray(0, length) : Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    context.checkpoint()
    const { bytesRead } = await handle.read(into, filled, length - filled, fromBytes + filled)
    if (bytesRead === 0) throw segmentGone(read.segment.path)
    filled += bytesRead
  }
  return into
}

/** Damage is an error where a checkpoint or a manifest vouches for the bytes, and a note elsewhere. @throws StorageError `IBS_STORAGE_RECORD_TORN` */
export function damaged({ read, context }: SegmentFile, at: { offsetBytes: number; bytes: number; cause: unknown }): void {
  const { path } = read.segment
  const why = Error.isError(at.cause) ? at.cause.message : 'the file ends inside a record'
  if (!read.committed) {
    context.damage.add(path, at.offsetBytes, at.bytes, why)
    return
  }
  throw new StorageError(
    'IBS_STORAGE_RECORD_TORN',
    `${path} is damaged at byte ${at.offsetBytes} (${why}); restore the file from a copy or another backend`,
    { path, offset: at.offsetBytes },
    { cause: at.cause },
  )
}

export const isStorageError = (error: unknown): boolean => Error.isError(error) && error.name === 'StorageError'
