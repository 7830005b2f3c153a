import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { type StockFile, StorageError } from '@ib-stream/storage'
import type { Call, RouteDeps } from '../api/route.ts'
import { sendStream } from '../api/send-stream.ts'
import { QueryError } from '../errors.ts'
import { type ByteRange, byteRangeOf } from './byte-range.ts'
import { nameOf } from './file-parameters.ts'

/**
 * Answers with a file of the recording, or the part of it that `Range` asks for. The path is one that was found, never one that was asked for.
 * @throws QueryError `IBS_QUERY_BYTES_OUTSIDE`; StorageError `IBS_STORAGE_SEGMENT_GONE`
 */
export async function sendFile(
  { request: { headers }, reply, isHead, gone }: Pick<Call, 'request' | 'reply' | 'isHead' | 'gone'>,
  { dataDir }: Pick<RouteDeps, 'dataDir'>,
  { file, etag, mediaType }: { file: StockFile; etag: string; mediaType: string },
) {
  const lastModified = new Date(file.modifiedMs).toUTCString()
  void reply.headers({ etag, 'accept-ranges': 'bytes', 'last-modified': lastModified, 'cache-control': 'no-cache' })
  if (namesTag(headers['if-none-match'], etag)) return reply.code(304).send()
  const ifRange = headers['if-range']
  const range = ifRange === undefined || ifRange === etag || ifRange === lastModified ? byteRangeOf(headers.range, file.bytes) : undefined
  if (range === 'outside') {
    void reply.header('content-range', `bytes */${file.bytes}`)
    throw new QueryError('IBS_QUERY_BYTES_OUTSIDE', `the file has ${file.bytes} bytes; ask for some of them`, {
      field: 'Range',
      value: headers.range,
      allowed: `bytes 0 to ${file.bytes - 1}`,
    })
  }
  const { first, last } = range ?? { first: 0, last: file.bytes - 1 }
  if (range) void reply.code(206).header('content-range', `bytes ${first}-${last}/${file.bytes}`)
  void reply.headers({ 'content-type': mediaType, 'content-disposition': `attachment; filename="${nameOf(file)}"` })
  void reply.header('content-length', String(last - first + 1))
  if (isHead) return reply.send()
  await using handle = await openFound(dataDir, file)
  await sendStream(reply, bytesOf(handle, file, { first, last }), { gone })
  return reply
}

const namesTag = (header = '', etag: string): boolean =>
  header
    .split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
    .some((one) => one === '*' || one === etag)

async function openFound(dataDir: string, file: StockFile): Promise<FileHandle> {
  try {
    return await open(join(dataDir, file.path), constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    throw codeOf(cause) === 'ENOENT' ? fileGone(file, cause) : cause
  }
}

const CHUNK_BYTES = 256 * 1024

/** Chunks share their memory: each is good until the next one is asked for. */
async function* bytesOf(handle: FileHandle, file: StockFile, { first, last }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
  const room = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, last - first + 1))
  for (let at = first; at <= last; ) {
    const { bytesRead } = await handle.read(room, 0, Math.min(room.length, last + 1 - at), at)
    if (bytesRead === 0) throw fileGone(file)
    at += bytesRead
    yield room.subarray(0, bytesRead)
  }
}

const fileGone = ({ path }: StockFile, cause?: unknown): StorageError =>
  new StorageError('IBS_STORAGE_SEGMENT_GONE', `${path} was removed or replaced meanwhile; list the files again`, { path }, { cause })
