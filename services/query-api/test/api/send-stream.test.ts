import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { type FastifyReply, fastify } from 'fastify'
import type { Encoding } from '../../src/api/encoding.ts'
import { sendStream } from '../../src/api/send-stream.ts'

const CHUNK_BYTES = 256 * 1024
const CHUNKS = 8

/** Chunks of one and the same memory, which is written over as soon as the next one is asked for. */
async function* lentChunks(): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = new Uint8Array(CHUNK_BYTES)
  for (let n = 0; n < CHUNKS; n++) {
    fill(memory, n)
    yield memory
    memory.fill(0xff)
  }
}

/** Bytes that compress badly, so that a compressor is busy with them. */
function fill(memory: Uint8Array, n: number): void {
  for (let i = 0, state = n + 1; i < memory.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    memory[i] = state >>> 24
  }
}

const wanted = Buffer.concat(
  Array.from({ length: CHUNKS }, (_, n) => {
    const memory = new Uint8Array(CHUNK_BYTES)
    fill(memory, n)
    return memory
  }),
)
/** A server whose only answer is what `send` makes of it. */
async function serve(send: (reply: FastifyReply) => Promise<void>): Promise<AsyncDisposable & { url: string }> {
  const app = fastify({ forceCloseConnections: true })
  app.get('/', async (_request, reply) => {
    await send(reply)
    return reply
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, [Symbol.asyncDispose]: () => app.close() }
}

const decoders: Record<string, (bytes: Buffer) => Buffer> = { identity: (bytes) => bytes, gzip: gunzipSync, zstd: zstdDecompressSync }

test.each([
  ['as they are', undefined],
  ['gzip', 'gzip'],
  ['zstd', 'zstd'],
] as const)('chunks that are only lent reach a client that reads slowly unchanged: %s', async (_how, encoding: Encoding | undefined) => {
  await using server = await serve((reply) => sendStream(reply, lentChunks(), { encoding, gone: new AbortController().signal }))
  const [response] = (await once(get(server.url), 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    if (chunks.length % 20 === 1) await sleep(2)
  }
  expect(decoders[encoding ?? 'identity']?.(Buffer.concat(chunks)).equals(wanted)).toBe(true)
})

test.each([undefined, 'gzip'] as const)(
  'a client that takes nothing any more is dropped, and the reading for it ends (%s)',
  async (encoding) => {
    const ended = Promise.withResolvers<string>()
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for (let n = 0; ; n++) {
          const chunk = new Uint8Array(CHUNK_BYTES)
          fill(chunk, n)
          yield chunk
        }
      } finally {
        ended.resolve('ended')
      }
    }
    await using server = await serve((reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort(new Error('the client has gone')))
      return sendStream(reply, endless(), { encoding, gone: gone.signal, drainWithinMs: 200 })
    })
    const [response] = (await once(get(server.url), 'response')) as [IncomingMessage]
    response.on('error', () => undefined)
    response.pause()
    expect(await ended.promise).toBe('ended')
  },
)
