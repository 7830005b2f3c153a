import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { LiveTick } from '@ib-stream/tape'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { QueryError } from './errors.ts'
import { type LiveQuery, parseLiveQuery } from './parameters.ts'
import { toProblem } from './problem.ts'
import type { ServerDeps } from './server-deps.ts'
import { errorEvent, HEADERS, infoEvent, KEEP_ALIVE, RETRY, tickEvent } from './sse.ts'

/** A client that takes nothing for so long is gone, whatever its socket says. */
const DRAIN_WITHIN_MS = 60_000

export interface LiveDeps extends ServerDeps {
  /** Aborts when the server begins to close. */
  closing: AbortSignal
}

/** `GET /v3/stream/:cid/live`: ticks in the order of their arrival as server-sent events, until the client leaves or the service stops. */
export async function answerLive(deps: LiveDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const query = parseLiveQuery(request)
  const { hub } = deps.live
  if (!hub)
    throw new QueryError(
      'IBS_QUERY_LIVE_UNAVAILABLE',
      'query-api is not connected to NATS yet; try again in a second, /health tells the state',
    )
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(new Error('the client has gone')))
  const ticks = await hub.subscribe({
    cids: [query.cid],
    tts: query.tickTypes,
    ...(query.after ? { after: query.after } : {}),
    signal: AbortSignal.any([gone.signal, deps.closing]),
  })
  reply.hijack()
  deps.metrics.liveOpened()
  try {
    await sendLive(deps, { query, ticks, response: reply.raw, gone: gone.signal })
  } finally {
    deps.metrics.liveClosed()
  }
  return reply
}

interface LiveStream {
  query: LiveQuery
  ticks: AsyncIterable<readonly LiveTick[]>
  response: ServerResponse
  gone: AbortSignal
}

async function sendLive(deps: LiveDeps, { query, ticks, response, gone }: LiveStream): Promise<void> {
  response.writeHead(200, HEADERS)
  response.write(`${RETRY}${infoEvent({ status: 'subscribed', contract_id: query.cid, tick_types: query.tickTypes })}`)
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(KEEP_ALIVE)
  }, deps.keepAliveMs)
  let cursor: string | undefined
  try {
    for await (const batch of ticks) {
      deps.metrics.liveTicks(batch.length)
      cursor = batch.at(-1)?.cursor
      if (!response.write(batch.map(tickEvent).join(''))) await drained(response, AbortSignal.any([gone, deps.closing]))
    }
    endStopping(response, cursor)
  } catch (error) {
    if (gone.aborted) return
    if (deps.closing.aborted) return endStopping(response, cursor)
    const { code, detail } = toProblem(error)
    if (code === 'IBS_QUERY_INTERNAL') deps.onFailure(error)
    response.end(errorEvent({ code, message: detail, resume: cursor }))
  } finally {
    clearInterval(keepAlive)
  }
}

/** A client that does not read is not waited for; it goes on by the id of its last whole event. */
function endStopping(response: ServerResponse, cursor: string | undefined): void {
  if (response.writableNeedDrain) response.destroy()
  else response.end(infoEvent({ status: 'ended', reason: 'the service is stopping', resume: cursor }))
}

async function drained(response: ServerResponse, left: AbortSignal): Promise<void> {
  const settled = new AbortController()
  const signal = AbortSignal.any([left, settled.signal])
  const deadline = wait(DRAIN_WITHIN_MS, undefined, { signal, ref: false }).then(
    () => response.destroy(),
    () => undefined, // it drained, or the client went away: no deadline any more
  )
  try {
    await once(response, 'drain', { signal: left })
  } finally {
    settled.abort()
    await deadline
  }
}
