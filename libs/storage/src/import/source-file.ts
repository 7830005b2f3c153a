import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { codeOf } from '@ib-stream/model'
import { LineRecords } from './read-lines.ts'
import { MessageRecords } from './read-messages.ts'
import type { RecordReader, SourceRecord } from './records.ts'
import type { TurnOptions } from './turned.ts'

const NAME = /\.(jsonl|ndjson|pb)(\.gz)?$/

/** Whether a file's name says that it holds ticks. */
export const isSourceName = (name: string): boolean => NAME.test(name)

export interface ReadSource extends TurnOptions {
  /** Called after each read with the bytes of the file read so far. */
  onBytes(bytes: number): void
  signal: AbortSignal | undefined
}

/** The records of one file, a chunk's worth at a time. Damage comes as records with a fault; what the disk refuses is thrown. */
export async function* readSource(path: string, options: ReadSource): AsyncGenerator<SourceRecord[], void, undefined> {
  const raw = rawChunks(path, options)
  const chunks = path.endsWith('.gz') ? unpacked(raw) : raw
  let reader: RecordReader | undefined
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) {
      yield [...(reader?.end() ?? []), { turned: { fault: chunk.fault, broken: true }, offsetBytes: chunk.offsetBytes, bytes: 0 }]
      return
    }
    reader ??= readerFor(path, chunk, options)
    yield reader.push(chunk)
  }
  yield reader?.end() ?? []
}

const BRACE = 0x7b

/** By the name; where that says nothing, a brace and what comes after it in JSON. */
function readerFor(path: string, beginning: Uint8Array, options: TurnOptions): RecordReader {
  const [, extension] = NAME.exec(path) ?? []
  const isText =
    extension === undefined ? beginning[0] === BRACE && /^[\s"]/.test(String.fromCharCode(beginning[1] ?? 0)) : extension !== 'pb'
  return isText ? new LineRecords(options) : new MessageRecords()
}

const CHUNK_BYTES = 256 * 1024

async function* rawChunks(path: string, { onBytes, signal }: ReadSource): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(path, 'r')
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (let at = 0; ; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      onBytes(at)
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

interface Unpackable {
  fault: string
  offsetBytes: number
}

/** Unpacks piece by piece, so that everything before a cut or a flipped bit still comes out; then says where it ended. */
async function* unpacked(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | Unpackable, void, undefined> {
  const gunzip = createGunzip()
  let out: Uint8Array[] = []
  let offsetBytes = 0
  let failure: unknown
  gunzip.on('data', (chunk: Uint8Array) => out.push(chunk))
  const broken = new Promise<void>((resolve) => {
    gunzip.on('error', (error) => {
      failure = error
      resolve() // a write under way is not called back
    })
  })
  try {
    for await (const piece of pieces) {
      await Promise.race([broken, new Promise<void>((resolve) => gunzip.write(new Uint8Array(piece), () => resolve()))])
      yield* drained()
      if (failure !== undefined) break
    }
    if (failure === undefined) {
      const ended = new Promise<void>((resolve) => gunzip.once('end', resolve))
      gunzip.end()
      await Promise.race([broken, ended])
      yield* drained()
    }
    if (failure !== undefined) yield { fault: `gzip data end here (${codeOf(failure) ?? String(failure)})`, offsetBytes }
  } finally {
    gunzip.destroy()
  }

  function* drained(): Generator<Uint8Array, void, undefined> {
    const chunks = out
    out = []
    for (const chunk of chunks) {
      offsetBytes += chunk.length
      yield chunk
    }
  }
}
