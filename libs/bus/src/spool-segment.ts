import { constants, type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeRecord, type SpoolRecord } from './spool-record.ts'

/** Written with zeros in advance: a record then changes no file length, and its fdatasync takes a third of the time. */
export const SEGMENT_BYTES = 8 * 2 ** 20
const PIECE_BYTES = 2 ** 20

const NAME = /^(\d{16})\.spool$/

export const segmentName = (firstN: number): string => `${String(firstN).padStart(16, '0')}.spool`
export const firstOfSegment = (name: string): number | undefined => (NAME.test(name) ? Number(name.slice(0, 16)) : undefined)

/**
 * Bytes of whole segments of which the log has nothing yet, seen from outside; a spool that is sent as fast as it grows has none.
 * @param lastSeq the log's last sequence
 */
export async function unsentSpoolBytes(folder: string, lastSeq: number): Promise<number> {
  const names = await readdir(folder).catch(() => []) // no folder, no spool
  return names.filter((name) => (firstOfSegment(name) ?? 0) > lastSeq + 1).length * SEGMENT_BYTES
}

/** Opens a segment so that each write returns when it is durable: one call for the disk where a write and its fdatasync are two, and the second waits for a thread again. */
export const openSegment = (path: string): Promise<FileHandle> => open(path, constants.O_RDWR | constants.O_DSYNC)

/** Makes an empty segment at `path`, its zeros on disk; the caller syncs the folder. */
export async function createSegment(path: string): Promise<FileHandle> {
  await using handle = await open(path, 'w')
  const piece = Buffer.alloc(PIECE_BYTES)
  for (let at = 0; at < SEGMENT_BYTES; at += PIECE_BYTES) {
    await writeAll(handle, piece, at)
    await handle.datasync() // a write of the spool finds its turn in between, and not behind all of it
  }
  await handle.sync()
  return await openSegment(path)
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

/** A write may take only a part of the bytes. */
export async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}

export interface ScannedSegment {
  records: SpoolRecord[]
  /** Newest number in the segment; `firstN - 1` when it holds none. */
  lastN: number
  /** Bytes of whole records; what follows is for {@link judgeRest}. */
  endBytes: number
  bytes: Buffer
}

/** Every whole record of a segment, from `fromN` on, up to the first that is none. */
export async function scanSegment(folder: string, firstN: number, fromN = firstN): Promise<ScannedSegment> {
  const bytes = await readFile(join(folder, segmentName(firstN)))
  const scanned: ScannedSegment = { records: [], lastN: firstN - 1, endBytes: 0, bytes }
  for (;;) {
    const decoded = decodeRecord(bytes, scanned.endBytes)
    if (decoded.kind !== 'record') return scanned
    scanned.endBytes += decoded.bytes
    scanned.lastN = decoded.record.n
    if (decoded.record.n >= fromN) scanned.records.push(decoded.record)
  }
}

/**
 * What follows the whole records. `torn`: the rest of one write that never became durable, of which a power cut may have kept any part; `damaged`: a later
 * write stands behind it, and no write begins before the one ahead of it is durable.
 */
export function judgeRest({ bytes, endBytes }: ScannedSegment): 'free' | 'torn' | 'damaged' {
  if (bytes.subarray(endBytes).equals(Buffer.alloc(bytes.length - endBytes))) return 'free'
  for (let offset = endBytes + 1; offset < bytes.length; offset++) {
    const decoded = decodeRecord(bytes, offset)
    if (decoded.kind === 'record' && offset - decoded.bytesBefore > endBytes) return 'damaged'
  }
  return 'torn'
}
