import { defineRoute } from '../api/route.ts'
import { DEFAULT_TICK_TYPES, TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { beginningOf, TIME_RANGE, TIME_RANGE_ERRORS } from '../history/time-range.ts'
import { TOLD_KINDS } from '../stream/events.ts'
import { LIVE_STREAM_ERRORS } from '../stream/live-source.ts'
import { serveSse } from '../stream/serve-sse.ts'
import { CURSOR, STREAM_ENDS } from '../stream/stream-parameters.ts'
import { openTapeFeed } from '../stream/tape-feed.ts'

/** A stream goes on into the present, so it has a beginning and no end. */
const { end_time: _none, ...BEGINNING } = TIME_RANGE

export const streamBuffer = defineRoute({
  path: '/v3/stream/{cid}/buffer',
  id: 'streamBuffer',
  tag: 'live',
  summary: 'Recorded ticks of a contract, then live ones, without a seam, as server-sent events',
  description:
    'History in query order, the event `live`, then ticks in the order of their arrival: nothing twice, nothing missing. Gaps and lost connections stand where they happened.',
  pathParameters: { cid: CONTRACT },
  query: { tick_types: TICK_TYPE_LIST, ...BEGINNING, last_event_id: CURSOR, ...STREAM_ENDS },
  headers: { 'Last-Event-ID': CURSOR },
  answers: {
    200: { doc: 'A stream that ends when the client leaves or the service stops.', content: { 'text/event-stream': 'text' } },
  },
  events: ['info', 'tick', 'live', 'connection', 'gap_opened', 'gap', 'lost', 'resume_incomplete', 'complete', 'error'],
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS, ...LIVE_STREAM_ERRORS, 'IBS_TAPE_TAIL_GONE', 'IBS_TAPE_TAIL_TOO_LONG'],
  handle: (call, deps) => {
    const { path, query, headers, request } = call
    return serveSse(call, deps, {
      open: async (signal) => {
        const cid = await deps.contracts.cidOf(path.cid)
        const given = request.query as Record<string, unknown>
        const startUs = await beginningOf(query, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given })
        const after = headers['Last-Event-ID'] ?? query.last_event_id
        return openTapeFeed(deps, { cids: [cid], tts: query.tick_types ?? DEFAULT_TICK_TYPES, startUs, after, kinds: TOLD_KINDS, signal })
      },
      limit: query.limit,
      timeoutMs: query.timeout,
    })
  },
})
