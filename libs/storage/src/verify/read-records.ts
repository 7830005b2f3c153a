import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { formatOf } from '../codec/block-reader.ts'
import { MAX_RECORD_BYTES } from '../codec/record-limit.ts'
import { recordAt } from '../codec/split-varint.ts'
import { type Backend, framingOf } from '../layout/backend.ts'
import { parseSegmentPath, type Segment } from '../layout/segment-path.ts'

/** A record of a file, or bytes that are none. */
export interface FoundRecord {
  offsetBytes: number
  bytes: number
  /** Undefined where these bytes are no tick of this file; `reason` says why. */
  tick: TickMessage | undefined
  reason: string
}

const CHUNK_BYTES = 256 * 1024
/** No record with its length is longer; where one seems to be, the search goes on behind its first byte. */
const RECORD_MOST_BYTES = MAX_RECORD_BYTES + 4

/**
 * All records of a file of ticks, in file order, whatever is wrong with it; a chunk in memory at a time. Damage in JSON lines ends at the next newline; in
 * protobuf, where a damaged length hides what follows, at the next place from which a tick of this file can be read.
 * @param lengthBytes how much of the file counts; all of it where it is shorter
 */
export async function* readRecords(dataDir: string, path: string, lengthBytes: number): AsyncGenerator<FoundRecord[], void, undefined> {
  const segment = parseSegmentPath(path)
  if (segment === undefined) return
  await using handle = await open(join(dataDir, path), 'r')
  let rest: Buffer = Buffer.alloc(0)
  let restAt = 0
  for (let at = 0; ; ) {
    const chunk = await readChunk(handle, at, Math.min(CHUNK_BYTES, lengthBytes - at))
    at += chunk.length
    const bytes = Buffer.concat([rest, chunk])
    const ended = chunk.length === 0
    const { records, used } =
      framingOf(segment.backend) === 'varint' ? messagesOf(bytes, restAt, segment, ended) : linesOf(bytes, restAt, segment, ended)
    if (records.length > 0) yield records
    if (ended) return
    rest = bytes.subarray(used)
    restAt += used
  }
}

async function readChunk(handle: FileHandle, at: number, most: number): Promise<Buffer> {
  if (most <= 0) return Buffer.alloc(0)
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(most), 0, most, at)
  return buffer.subarray(0, bytesRead)
}

interface Found {
  records: FoundRecord[]
  used: number
}

function linesOf(bytes: Buffer, offsetBytes: number, segment: Segment, ended: boolean): Found {
  const records: FoundRecord[] = []
  let used = 0
  for (let end = bytes.indexOf(10) + 1; end > 0; end = bytes.indexOf(10, used) + 1) {
    records.push({ offsetBytes: offsetBytes + used, bytes: end - used, ...readAs(segment, bytes.subarray(used, end)) })
    used = end
  }
  if (ended && used < bytes.length) {
    records.push({ offsetBytes: offsetBytes + used, bytes: bytes.length - used, tick: undefined, reason: 'the file ends inside a line' })
  }
  return { records, used }
}

function messagesOf(bytes: Buffer, offsetBytes: number, segment: Segment, ended: boolean): Found {
  const records: FoundRecord[] = []
  let used = 0
  let hole: FoundRecord | undefined
  while (used < bytes.length) {
    const end = messageEnd(bytes, used)
    if (end === 'later' && !ended && bytes.length - used <= RECORD_MOST_BYTES) break
    const found =
      typeof end === 'number' ? readAs(segment, bytes.subarray(used, end)) : { tick: undefined, reason: 'no message begins here' }
    if (found.tick !== undefined && typeof end === 'number') {
      records.push({ offsetBytes: offsetBytes + used, bytes: end - used, ...found })
      hole = undefined
      used = end
      continue
    }
    if (hole === undefined) {
      hole = { offsetBytes: offsetBytes + used, bytes: 0, ...found }
      records.push(hole)
    }
    hole.bytes++
    used++
  }
  return { records, used }
}

function messageEnd(bytes: Buffer, from: number): number | 'later' | 'never' {
  try {
    const { end } = recordAt(bytes, from)
    if (end < 0) return 'later'
    return end - from > RECORD_MOST_BYTES ? 'never' : end
  } catch (error) {
    if (isStorageError(error)) return 'never'
    throw error
  }
}

function readAs(segment: Segment, record: Uint8Array): { tick: TickMessage | undefined; reason: string } {
  try {
    const tick = decodeOne(segment.backend, record)
    const { cid, tt, hourUs } = segment
    if (tick.cid === cid && tick.tt === tt && tick.ts >= hourUs && tick.ts < hourUs + US_PER_HOUR) return { tick, reason: '' }
    return { tick: undefined, reason: `a tick of ${tick.cid} ${tick.tt} at ${tick.ts} does not belong in this file` }
  } catch (error) {
    if (isStorageError(error)) return { tick: undefined, reason: error.message }
    throw error
  }
}

function decodeOne(backend: Backend, record: Uint8Array): TickMessage {
  const reader = formatOf(backend).read(record)
  reader.next()
  return reader.decode()
}

const isStorageError = (error: unknown): error is Error => Error.isError(error) && error.name === 'StorageError'
