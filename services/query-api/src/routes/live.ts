import type { ContractName } from '@ib-stream/model'
import { TICK_TYPES, type TickType } from '@ib-stream/model'
import type { Cursor } from '@ib-stream/tape'
import { oneOf } from '../api/parameter.ts'
import { FILES_ERRORS } from '../api/problem-table.ts'
import { type Call, defineRoute, type RouteDeps } from '../api/route.ts'
import { DEFAULT_TICK_TYPES, TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { TOLD_KINDS } from '../stream/events.ts'
import { hubOf, LIVE_STREAM_ERRORS } from '../stream/live-source.ts'
import { openResumedFeed } from '../stream/resumed-feed.ts'
import { serveSse } from '../stream/serve-sse.ts'
import { CURSOR, STREAM_ENDS } from '../stream/stream-parameters.ts'

const shared = {
  tag: 'live',
  description:
    'A stream that goes on from history, after an id of it or because the log no longer holds what comes next, is from there on as that of `/v3/stream/{cid}/buffer`: history, `live`, and between the ticks what happened to the recording (`connection`, `gap_opened`, `gap`, `lost`).',
  headers: { 'Last-Event-ID': CURSOR },
  answers: {
    200: { doc: 'A stream that ends when the client leaves or the service stops.', content: { 'text/event-stream': 'text' } },
  },
  events: ['info', 'tick', 'live', 'resume_incomplete', ...TOLD_KINDS, 'complete', 'error'],
  errors: [...CONTRACT_ERRORS, ...LIVE_STREAM_ERRORS, ...FILES_ERRORS, 'IBS_TAPE_TAIL_GONE', 'IBS_TAPE_TAIL_TOO_LONG'],
} as const

export const streamLive = defineRoute({
  ...shared,
  path: '/v3/stream/{cid}/live',
  id: 'streamLive',
  summary: 'Live ticks of a contract in the order of their arrival, as server-sent events',
  pathParameters: { cid: CONTRACT },
  query: { tick_types: TICK_TYPE_LIST, last_event_id: CURSOR, ...STREAM_ENDS },
  handle: (call, deps) => serveLive(call, deps, { ...call.query, tts: call.query.tick_types ?? DEFAULT_TICK_TYPES }),
})

export const streamLiveOfType = defineRoute({
  ...shared,
  path: '/v3/stream/{cid}/live/{tt}',
  id: 'streamLiveOfType',
  summary: 'Live ticks of a contract and one tick type, as server-sent events',
  pathParameters: { cid: CONTRACT, tt: oneOf(TICK_TYPES, { doc: 'Tick type.' }) },
  query: { last_event_id: CURSOR, ...STREAM_ENDS },
  handle: (call, deps) => serveLive(call, deps, { ...call.query, tts: [call.path.tt] }),
})

interface Asked {
  tts: readonly TickType[]
  last_event_id?: Cursor | undefined
  limit?: number | undefined
  timeout?: number | undefined
}

type LiveCall = Pick<Call, 'isHead' | 'gone' | 'request' | 'reply'> & {
  path: { cid: ContractName }
  headers: { 'Last-Event-ID'?: Cursor }
}

function serveLive(call: LiveCall, deps: RouteDeps, { tts, last_event_id: lastEventId, limit, timeout }: Asked) {
  hubOf(deps.live) // before a name is looked up, which needs the log too
  return serveSse(call, deps, {
    open: async (signal) => {
      const cid = await deps.contracts.cidOf(call.path.cid)
      return await openResumedFeed(deps, { cids: [cid], tts, after: call.headers['Last-Event-ID'] ?? lastEventId, signal })
    },
    limit,
    timeoutMs: timeout,
  })
}
