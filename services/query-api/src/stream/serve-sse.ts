import type { FastifyReply } from 'fastify'
import type { Call, RouteDeps } from '../api/route.ts'
import { deliver } from './deliver.ts'
import type { Feed } from './feed.ts'
import { SseSink, streamHeaders } from './sse.ts'

export interface ServeSseOptions {
  /** Opens what is to be sent; what it throws becomes a problem document. `signal` ends it. */
  open(signal: AbortSignal): Promise<Feed>
  /** Most ticks. */
  limit?: number | undefined
  timeoutMs?: number | undefined
}

/** Answers a request with a stream of events, until the feed ends, the client leaves or the service stops. */
export async function serveSse(
  { isHead, gone, request, reply }: Pick<Call, 'isHead' | 'gone' | 'request' | 'reply'>,
  deps: RouteDeps,
  { open, limit, timeoutMs }: ServeSseOptions,
): Promise<FastifyReply> {
  const headers = streamHeaders(request.id)
  if (isHead) return reply.headers(headers).send()
  const timedOut = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  const ends = { server_shutdown: deps.closing, ...(timedOut ? { timeout: timedOut } : {}) }
  const signal = AbortSignal.any([gone, ...Object.values(ends)])
  const feed = await open(signal)
  reply.hijack()
  const sink = new SseSink(reply.raw, signal)
  deps.metrics.liveOpened()
  try {
    sink.begin(feed, { headers, keepAliveMs: deps.keepAliveMs })
    const last = await deliver(feed, sink, {
      limit,
      gone,
      ends,
      onTicks: (count) => deps.metrics.liveTicks(count),
      onFailure: (error) => deps.onFailure(error, request.id),
    })
    sink.end(last, deps.closing.aborted ? 'leave' : 'wait')
  } finally {
    deps.metrics.liveClosed()
  }
  return reply
}
