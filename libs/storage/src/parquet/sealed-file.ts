import type { FileHandle } from 'node:fs/promises'
import { StorageError } from '../errors.ts'
import { crc32c } from '../manifest/crc32c.ts'
import { readAt } from '../segment/read-at.ts'
import { decodeFooter, type Footer } from './footer.ts'
import { MAGIC } from './parquet-numbers.ts'

/** What of a file a reader of Parquet needs. */
export interface SealedBytes {
  /** Relative to DATA_DIR; for messages. */
  path: string
  sizeBytes: number
  /** Bytes from a place on; fewer only where the file ends. */
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>
}

/** Length of the footer, and the magic word. */
const TAIL_BYTES = 8
const SUM_BYTES = 4
/** Nearly every footer is in the first read. */
const FIRST_READ_BYTES = 16 * 1024

/**
 * Reads what a sealed file says of itself, and holds it to its checksum.
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`
 */
export async function readFooter(file: SealedBytes): Promise<Footer & { dataBytes: number }> {
  const { sizeBytes } = file
  let end = await file.read(Math.max(0, sizeBytes - FIRST_READ_BYTES), Math.min(sizeBytes, FIRST_READ_BYTES))
  const tail = end.subarray(-TAIL_BYTES)
  if (tail.length < TAIL_BYTES || !MAGIC.equals(tail.subarray(4))) throw sealedDamaged(file.path, `it does not end with ${MAGIC}`)
  const footerBytes = uint32At(tail, 0)
  const dataBytes = sizeBytes - TAIL_BYTES - footerBytes - SUM_BYTES
  if (dataBytes < MAGIC.length) throw sealedDamaged(file.path, `a footer of ${footerBytes} bytes`)
  const needed = SUM_BYTES + footerBytes + TAIL_BYTES
  if (needed > end.length) end = await file.read(sizeBytes - needed, needed)
  const start = end.length - needed
  const footer = end.subarray(start + SUM_BYTES, end.length - TAIL_BYTES)
  if (end.length < needed || crc32c(footer) !== uint32At(end, start))
    throw sealedDamaged(file.path, 'the checksum of its footer does not hold')
  try {
    return { ...decodeFooter(footer), dataBytes }
  } catch (cause) {
    throw sealedDamaged(file.path, Error.isError(cause) ? cause.message : String(cause), cause)
  }
}

const CHUNK_BYTES = 1024 * 1024

/**
 * Reads the whole file and holds it to the checksums in it.
 * @throws StorageError `IBS_STORAGE_SEALED_DAMAGED`
 */
export async function checkSealed(file: SealedBytes): Promise<Footer> {
  const footer = await readFooter(file)
  let sum = 0
  for (let at = 0; at < footer.dataBytes; ) {
    const bytes = await file.read(at, Math.min(CHUNK_BYTES, footer.dataBytes - at))
    if (bytes.length === 0) break
    sum = crc32c(bytes, sum)
    at += bytes.length
  }
  if (sum !== footer.facts.crc32c) throw sealedDamaged(file.path, `the CRC-32C of its pages is ${sum}, was ${footer.facts.crc32c}`)
  return footer
}

/** A file that is open. */
export async function sealedBytesOf(path: string, handle: FileHandle): Promise<SealedBytes> {
  const { size } = await handle.stat()
  return { path, sizeBytes: size, read: (offsetBytes, lengthBytes) => readAt(handle, offsetBytes, lengthBytes) }
}

const uint32At = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)

export function sealedDamaged(path: string, why: string, cause?: unknown): StorageError {
  return new StorageError(
    'IBS_STORAGE_SEALED_DAMAGED',
    `${path} is damaged (${why}); let ib-stream repair make it anew from another backend, or restore it from a copy`,
    { path },
    { cause },
  )
}
