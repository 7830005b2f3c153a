import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply } from 'fastify'
import { compressor, type Encoding } from './encoding.ts'

export interface StreamOptions {
  encoding?: Encoding | undefined
  gone: AbortSignal
  /** A client that takes nothing for so long is gone, whatever its socket says. @default a minute */
  drainWithinMs?: number
  /** What is known only when all was sent; names of such headers go ahead. */
  trailers?: { names: readonly string[]; read(): Record<string, string> }
}

const DRAIN_WITHIN_MS = 60_000

/**
 * Sends chunks as the body of an answer at the pace of its client. Headers and status are those of the reply. The first chunk is made before the head is sent, so
 * what fails at once still gets its own status; what fails later breaks the connection off. A chunk is done with before the next is asked for.
 * @throws what the chunks throw; nothing when the client goes away
 */
export async function sendStream(
  reply: FastifyReply,
  chunks: AsyncGenerator<string | Uint8Array, void, undefined>,
  { encoding, gone, drainWithinMs = DRAIN_WITHIN_MS, trailers }: StreamOptions,
): Promise<void> {
  const first = await chunks.next()
  reply.hijack()
  const response = reply.raw
  try {
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) response.setHeader(name, value)
    if (encoding) response.setHeader('content-encoding', encoding)
    if (trailers) response.setHeader('trailer', trailers.names.join(', '))
    response.writeHead(reply.statusCode)
    const compressing = encoding && compressor(encoding)
    const passing = compressing && pipeline(compressing, response)
    const out = compressing ?? response
    passing?.catch(() => undefined) // the client went away: the write under way says so
    for (let next = first; !next.done; next = await chunks.next())
      await write(out, next.value, { gone, deadline: () => setTimeout(() => response.destroy(), drainWithinMs) })
    if (trailers) response.addTrailers(trailers.read())
    out.end()
    await passing
  } catch (error) {
    if (!gone.aborted) throw error
  } finally {
    await chunks.return()
    if (!response.writableEnded) response.destroy()
  }
}

/** Resolves when the chunk is out of our hands. @throws the reason of `gone` */
function write(
  out: Writable,
  chunk: string | Uint8Array,
  { gone, deadline }: { gone: AbortSignal; deadline: () => NodeJS.Timeout },
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (gone.aborted) return reject(gone.reason)
    const timer = deadline()
    const leave = () => {
      clearTimeout(timer)
      reject(gone.reason)
    }
    gone.addEventListener('abort', leave, { once: true })
    out.write(chunk, (error) => {
      clearTimeout(timer)
      gone.removeEventListener('abort', leave)
      if (error) reject(error)
      else resolve()
    })
  })
}
