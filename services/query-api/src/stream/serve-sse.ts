import type { FastifyReply } from 'fastify'
import type { Call, RouteDeps } from '../api/route.ts'
import { clientStream } from '../clients/client-registry.ts'
import { deliver } from './deliver.ts'
import { type Feed, openLater } from './feed.ts'
import { SseSink, streamHeaders } from './sse.ts'

export interface ServeSseOptions {
  /** Opens what is to be sent; what it throws becomes a problem document. `signal` ends it. */
  open(signal: AbortSignal): Promise<Feed>
  /** Most ticks. */
  limit?: number | undefined
  timeoutMs?: number | undefined
}

/** What was set for web pages: a raw head passes none of the reply's headers. */
const corsOf = (reply: FastifyReply): Record<string, string> =>
  Object.fromEntries(
    Object.entries(reply.getHeaders())
      .filter(([name]) => name === 'vary' || name.startsWith('access-control-'))
      .map(([name, value]) => [name, String(value)]),
  )

const neverOpened = (error: unknown): Feed => openLater(() => Promise.reject(error))

/** Answers a request with a stream of events, until the feed ends, the client leaves or the service stops. */
export async function serveSse(
  { isHead, gone, request, reply }: Pick<Call, 'isHead' | 'gone' | 'request' | 'reply'>,
  deps: RouteDeps,
  { open, limit, timeoutMs }: ServeSseOptions,
): Promise<FastifyReply> {
  const headers = streamHeaders(request.id)
  if (isHead) return reply.headers(headers).send()
  using client = deps.clients.enter({ kind: 'sse', address: request.ip, key: request.caller.key, requestId: request.id })
  const timedOut = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  const ends = { server_shutdown: deps.closing, ended_by_admin: client.ended, ...(timedOut ? { timeout: timedOut } : {}) }
  const signal = AbortSignal.any([gone, ...Object.values(ends)])
  const feed = await open(signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
    return neverOpened(error) // it is told why, as any other stream that was ended: a browser comes back by itself after that, and never after an error's status
  })
  client.streams.add(clientStream(request.url.split('?')[0] ?? '', feed.streams))
  reply.hijack()
  const sink = new SseSink(reply.raw, { left: signal, drainWithinMs: deps.drainWithinMs })
  deps.metrics.liveOpened()
  try {
    sink.begin(feed, { headers: { ...corsOf(reply), ...headers }, keepAliveMs: deps.keepAliveMs })
    const last = await deliver(feed, sink, {
      limit,
      gone,
      ends,
      leases: deps.leases,
      onTicks: (count) => {
        client.ticks += count
        deps.metrics.liveTicks(count)
      },
      onFailure: (error) => deps.onFailure(error, request.id),
    })
    sink.end(last?.message, deps.closing.aborted ? 'leave' : 'wait')
  } finally {
    deps.metrics.liveClosed()
  }
  return reply
}
