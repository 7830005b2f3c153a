import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { TickType } from '@ib-stream/model'
import { type LiveCursor, type LiveTick, parseCursor } from '@ib-stream/tape'
import { readBy } from '../api/parameter.ts'
import { toProblem } from '../api/problem.ts'
import { type Call, defineRoute, type RouteDeps } from '../api/route.ts'
import { DEFAULT_TICK_TYPES, TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { KEEP_ALIVE, RETRY, streamEvent, streamHeaders, tickEvent } from '../stream/sse.ts'

/** A client that takes nothing for so long is gone, whatever its socket says. */
const DRAIN_WITHIN_MS = 60_000

const cursor = readBy<LiveCursor>(
  (text) => {
    const value = parseCursor(text)
    return value?.kind === 'live' ? { value } : { problem: 'is no event id of this stream' }
  },
  { allowed: 'the id of the last event that was received', doc: 'Go on after this event; the header goes before the parameter.' },
)

export const streamLive = defineRoute({
  path: '/v3/stream/{cid}/live',
  id: 'streamLive',
  tag: 'live',
  summary: 'Live ticks of a contract in the order of their arrival, as server-sent events',
  pathParameters: { cid: CONTRACT },
  query: { tick_types: TICK_TYPE_LIST, last_event_id: cursor },
  headers: { 'Last-Event-ID': cursor },
  answers: { 200: { doc: 'A stream that ends when the client leaves or the service stops.', content: { 'text/event-stream': 'text' } } },
  events: ['info', 'tick', 'error'],
  errors: [
    ...CONTRACT_ERRORS,
    'IBS_QUERY_LIVE_UNAVAILABLE',
    'IBS_TAPE_CURSOR_GONE',
    'IBS_TAPE_LOG_AWAY',
    'IBS_TAPE_CLOSED',
    'IBS_TAPE_SLOW_CONSUMER',
    'IBS_TAPE_LOG_CUT',
  ],
  handle: async ({ path, query, headers, isHead, gone, request, reply }, deps) => {
    const { hub } = deps.live
    if (!hub)
      throw new QueryError(
        'IBS_QUERY_LIVE_UNAVAILABLE',
        'query-api is not connected to NATS yet; try again in a second, /health tells the state',
      )
    if (isHead) return reply.headers(streamHeaders(request.id)).send()
    const cid = await deps.contracts.cidOf(path.cid)
    const after = headers['Last-Event-ID'] ?? query.last_event_id
    const tickTypes = query.tick_types ?? DEFAULT_TICK_TYPES
    const ticks = await hub.subscribe({
      cids: [cid],
      tts: tickTypes,
      ...(after ? { after } : {}),
      signal: AbortSignal.any([gone, deps.closing]),
    })
    reply.hijack()
    deps.metrics.liveOpened()
    try {
      await sendLive(deps, { cid, tickTypes, ticks, response: reply.raw, gone, requestId: request.id })
    } finally {
      deps.metrics.liveClosed()
    }
    return reply
  },
})

interface LiveStream {
  cid: number
  tickTypes: readonly TickType[]
  ticks: AsyncIterable<readonly LiveTick[]>
  response: ServerResponse
  gone: Call['gone']
  requestId: string
}

async function sendLive(deps: RouteDeps, { cid, tickTypes, ticks, response, gone, requestId }: LiveStream): Promise<void> {
  response.writeHead(200, streamHeaders(requestId))
  response.write(`${RETRY}${streamEvent('info', { status: 'subscribed', contract_id: cid, tick_types: [...tickTypes] })}`)
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
    if (code === 'IBS_QUERY_INTERNAL') deps.onFailure(error, requestId)
    response.end(streamEvent('error', { code, message: detail, resume: cursor }))
  } finally {
    clearInterval(keepAlive)
  }
}

/** A client that does not read is not waited for; it goes on by the id of its last whole event. */
function endStopping(response: ServerResponse, cursor: string | undefined): void {
  if (response.writableNeedDrain) response.destroy()
  else response.end(streamEvent('info', { status: 'ended', reason: 'the service is stopping', resume: cursor }))
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
