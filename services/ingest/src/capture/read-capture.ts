import { createReadStream } from 'node:fs'
import { createZstdDecompress } from 'node:zlib'
import { type CaptureRecord, RecordSplitter } from './capture-record.ts'

/** Records of capture files, in the order given. A file that was cut by a crash ends with its last whole record. @throws Error for a file that is no capture */
export async function* readCapture(paths: readonly string[]): AsyncGenerator<CaptureRecord> {
  for (const path of paths) {
    const splitter = new RecordSplitter()
    // What a crash has cut ends without the end of the zstd frame: what is there counts.
    const zstd = createZstdDecompress({ finishFlush: ZSTD_E_FLUSH })
    const file = createReadStream(path)
    file.on('error', (error) => zstd.destroy(error))
    file.pipe(zstd)
    try {
      for await (const chunk of zstd) yield* splitter.push(chunk as Buffer)
    } catch (cause) {
      throw new Error(`${path}: ${Error.isError(cause) ? cause.message : String(cause)}`, { cause })
    } finally {
      file.destroy()
    }
  }
}

const ZSTD_E_FLUSH = 1

/** A frame that the gateway sent, as fields, with the time at which its last byte came. */
export interface CapturedFrame {
  atUs: number
  fields: string[]
}

/** One connection: what the gateway said, and what it was asked. */
export interface CapturedConnection {
  /** Its beginning is in the capture: the first frame is the server's version. */
  isWhole: boolean
  frames: CapturedFrame[]
  sent: string[][]
}

/** Records grouped to connections, frame by frame. One connection is in memory at a time. */
export async function* capturedConnections(records: AsyncIterable<CaptureRecord>): AsyncGenerator<CapturedConnection> {
  let connection: CapturedConnection | undefined
  let rest: Buffer = Buffer.alloc(0)
  for await (const { kind, atUs, bytes } of records) {
    if (kind === 'opened' || (kind === 'resumed' && !connection)) {
      if (connection && connection.frames.length > 0) yield connection
      connection = { isWhole: kind === 'opened', frames: [], sent: [] }
      rest = Buffer.alloc(0)
    } else if (kind === 'received' && connection) {
      rest = Buffer.concat([rest, bytes])
      for (let end = frameEnd(rest); end !== undefined; end = frameEnd(rest)) {
        connection.frames.push({ atUs, fields: fieldsOf(rest.subarray(LENGTH_BYTES, end)) })
        rest = rest.subarray(end)
      }
    } else if (kind === 'sent') connection?.sent.push(bytes.toString('utf8').split('\0'))
    else if (kind === 'ended' && connection) {
      if (connection.frames.length > 0) yield connection
      connection = undefined
    }
  }
  if (connection && connection.frames.length > 0) yield connection
}

const LENGTH_BYTES = 4

function frameEnd(bytes: Buffer): number | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined
  const end = LENGTH_BYTES + bytes.readUInt32BE()
  return end <= bytes.length ? end : undefined
}

function fieldsOf(payload: Buffer): string[] {
  const fields = payload.toString('utf8').split('\0')
  if (fields.at(-1) === '') fields.pop()
  return fields
}
