import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { type BlockReader, formatOf } from '../codec/block-reader.ts'
import { isMissing, StorageError } from '../errors.ts'
import { linkRefused } from '../layout/list-folder.ts'
import type { DamageList } from './damage.ts'
import { identityOf, isSameFile } from './file-identity.ts'
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
    const found = await handle.stat()
    if (isSameFile(identityOf(found), read) && found.size >= read.bytes) return new OpenSegment(read, handle, context)
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
  const { read, context } = file
  const { wholeBytes } = formatOf(read.segment.backend)
  let room = Buffer.allocUnsafeSlow(Math.min(context.chunkBytes, Math.max(0, range.toBytes - range.fromBytes)))
  /** Bytes at the start of the room that are not given out yet, and where in the file they begin. */
  let held = 0
  let blockStart = range.fromBytes
  while (blockStart + held < range.toBytes) {
    if (held === room.length) room = Buffer.concat([room], 2 * held) // a record that is longer
    held += await readSome(file, room.subarray(held), { fromBytes: blockStart + held, toBytes: range.toBytes })
    let whole: number
    try {
      whole = wholeBytes(room.subarray(0, held))
    } catch (cause) {
      if (!isStorageError(cause)) throw cause
      return damaged(file, { offsetBytes: blockStart, bytes: range.toBytes - blockStart, cause })
    }
    if (whole === 0) continue
    yield { bytes: room.subarray(0, whole), offsetBytes: blockStart }
    room.copyWithin(0, whole, held)
    blockStart += whole
    held -= whole
  }
  if (held > 0) damaged(file, { offsetBytes: blockStart, bytes: held, cause: undefined })
}

/** One read from the start of a range on, as far as there is room. @throws StorageError `IBS_STORAGE_SEGMENT_GONE` where the file is shorter than it was */
export async function readSome(
  { read, handle, context }: SegmentFile,
  room: Buffer,
  { fromBytes, toBytes }: { fromBytes: number; toBytes: number },
): Promise<number> {
  context.checkpoint()
  const { bytesRead } = await handle.read(room, 0, Math.min(room.length, toBytes - fromBytes), fromBytes)
  if (bytesRead === 0) throw segmentGone(read.segment.path)
  return bytesRead
}

/** The whole records that lie between two places. */
export async function blockIn(file: SegmentFile, { fromBytes, toBytes }: { fromBytes: number; toBytes: number }): Promise<Block> {
  const bytes = Buffer.allocUnsafeSlow(toBytes - fromBytes)
  for (let at = fromBytes; at < toBytes; ) at += await readSome(file, bytes.subarray(at - fromBytes), { fromBytes: at, toBytes })
  return { bytes, offsetBytes: fromBytes }
}

export const recordsIn = async (file: SegmentFile, range: { fromBytes: number; toBytes: number }): Promise<BlockReader> =>
  recordsOf(file, await blockIn(file, range))

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
