import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { failPoint, usFromMs } from '@ib-stream/model'
import { checkOpenDay, type WholeDay } from '@ib-stream/storage'
import type { ArchivedDay } from './day-record.ts'
import { ArchiveError } from './errors.ts'
import type { ObjectFacts, ObjectStore } from './object-store.ts'

export interface CopyGround {
  dataDir: string
  store: ObjectStore
  prefix: string
  signal?: AbortSignal | undefined
}

/**
 * Brings the file of a day to the bucket and holds the copy to its SHA-256. The file is held open, so what is checked, hashed and sent is one version of it, whatever replaces it
 * meanwhile. An object that is as it should be, put by a run that died before it could say so, is not sent again.
 * @param known what is archived of the day
 * @throws ArchiveError `IBS_ARCHIVE_FEWER_TICKS`, `IBS_ARCHIVE_CHECKSUM`, what the store throws; StorageError `IBS_STORAGE_SEALED_DAMAGED`; what `open` throws
 */
export async function copyDay(
  ground: CopyGround,
  day: WholeDay,
  known: ArchivedDay | undefined,
): Promise<{ archived: ArchivedDay; sentBytes: number }> {
  const { dataDir, store, prefix, signal } = ground
  await using file = await open(join(dataDir, day.path), 'r')
  const facts = await checkOpenDay(file, day.path)
  const { size: bytes, mtimeMs } = await file.stat()
  const modifiedMs = Math.round(mtimeMs)
  const sha256 = await sha256Of(bytesOf(file, bytes))
  if (known?.sha256 === sha256) return { archived: { ...known, modifiedMs }, sentBytes: 0 } // touched, not changed
  if (known !== undefined && facts.count < known.count) throw fewer(day, facts.count, known.count)
  const key = `${prefix}${day.path}`
  const found = await store.head(key, signal)
  const isThere = found?.bytes === bytes && (await confirm(ground, key, sha256, found)) !== undefined
  if (!isThere) {
    failPoint('archive: put the object')
    await store.put(key, { bytes, sha256, open: () => bytesOf(file, bytes) }, signal)
  }
  failPoint('archive: confirm the object')
  const now = await store.head(key, signal)
  const confirmed = now?.bytes === bytes ? await confirm(ground, key, sha256, now) : undefined
  if (now === undefined || confirmed === undefined)
    throw new ArchiveError('IBS_ARCHIVE_CHECKSUM', `${key} is not in the bucket as it was sent; it is sent again, look at the server`, {
      key,
      sha256,
      bytes,
      found: now,
    })
  const { cid, tt, path } = day
  const { count, seq, spoolId } = facts
  const archived = { cid, tt, path, bytes, sha256, count, seq, ...(spoolId === undefined ? {} : { spoolId }), etag: now.etag, confirmed }
  return { archived: { ...archived, archivedUs: usFromMs(Date.now()), modifiedMs }, sentBytes: isThere ? 0 : bytes }
}

/** By the server's own sum where it keeps one of whole objects, else by reading it. @returns undefined where it is something else */
export async function confirm(
  { store, signal }: Pick<CopyGround, 'store' | 'signal'>,
  key: string,
  sha256: string,
  { serverSha256 }: ObjectFacts,
): Promise<ArchivedDay['confirmed'] | undefined> {
  if (serverSha256 !== undefined) return serverSha256 === sha256 ? 'server' : undefined
  return (await readBack({ store, signal }, key)) === sha256 ? 'read' : undefined
}

/** SHA-256 of an object by its bytes; undefined where there is none. */
export async function readBack({ store, signal }: Pick<CopyGround, 'store' | 'signal'>, key: string): Promise<string | undefined> {
  const body = await store.get(key, signal)
  return body && (await sha256Of(body))
}

export async function sha256Of(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}

/** From the start, as often as wanted. */
const bytesOf = (file: FileHandle, bytes: number): Readable =>
  createReadStream('', { fd: file, autoClose: false, start: 0, end: Math.max(0, bytes - 1), highWaterMark: CHUNK_BYTES })

const CHUNK_BYTES = 256 * 1024

const fewer = ({ path }: WholeDay, here: number, there: number): ArchiveError =>
  new ArchiveError(
    'IBS_ARCHIVE_FEWER_TICKS',
    `${path} has ${here} ticks here and ${there} in the archive; the archive keeps its own. Fetch it (ib-stream archive fetch), or remove the object if it is wrong`,
    { path, here, there },
  )
