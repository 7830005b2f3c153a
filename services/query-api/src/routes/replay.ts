import type { ContractName } from '@ib-stream/model'
import type { ReplayPlace } from '@ib-stream/tape'
import type { Given } from '../api/parameter.ts'
import { type Call, defineRoute, type RouteDeps } from '../api/route.ts'
import { DEFAULT_TICK_TYPES, TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS, CONTRACTS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { TIME_RANGE, TIME_RANGE_ERRORS, timeRangeOf } from '../history/time-range.ts'
import { openReplayFeed, REPLAY_PLACE, SPEED } from '../stream/replay-feed.ts'
import { serveSse } from '../stream/serve-sse.ts'
import { STREAM_ENDS } from '../stream/stream-parameters.ts'

const QUERY = { tick_types: TICK_TYPE_LIST, ...TIME_RANGE, speed: SPEED, last_event_id: REPLAY_PLACE, ...STREAM_ENDS }

const shared = {
  tag: 'replay',
  headers: { 'Last-Event-ID': REPLAY_PLACE },
  answers: { 200: { doc: 'A stream that ends with the range.', content: { 'text/event-stream': 'text' } } },
  events: ['info', 'replay', 'tick', 'complete', 'error'],
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS, 'IBS_QUERY_TOO_MANY_STREAMS', 'IBS_TAPE_TAIL_GONE', 'IBS_TAPE_TAIL_TOO_LONG'],
} as const

export const replayContract = defineRoute({
  ...shared,
  path: '/v3/stream/{cid}/replay',
  id: 'replayContract',
  summary: 'Recorded ticks of a contract at the pace at which they came, as server-sent events',
  pathParameters: { cid: CONTRACT },
  query: QUERY,
  handle: (call, deps) => serveReplay(call, deps, [call.path.cid]),
})

export const replayContracts = defineRoute({
  ...shared,
  path: '/v3/replay',
  id: 'replayContracts',
  summary: 'Recorded ticks of several contracts in one time order, as server-sent events',
  query: { contracts: CONTRACTS, ...QUERY },
  handle: (call, deps) => {
    if (call.query.contracts) return serveReplay(call, deps, call.query.contracts)
    throw new QueryError('IBS_QUERY_PARAMETER_INVALID', 'contracts is missing; name one or more', {
      field: 'contracts',
      allowed: CONTRACTS.allowed,
    })
  },
})

type ReplayCall = Pick<Call, 'isHead' | 'gone' | 'request' | 'reply'> & {
  query: Given<typeof QUERY>
  headers: { 'Last-Event-ID'?: ReplayPlace }
}

function serveReplay(call: ReplayCall, deps: RouteDeps, contracts: readonly ContractName[]) {
  const { query, headers } = call
  return serveSse(call, deps, {
    open: async (signal) => {
      const cids = [...new Set(await Promise.all(contracts.map((name) => deps.contracts.cidOf(name))))]
      const given = call.request.query as Record<string, unknown>
      const cid = cids.length === 1 ? cids[0] : undefined
      const range = await timeRangeOf(query, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given })
      return await openReplayFeed(deps, {
        cids,
        tts: query.tick_types ?? DEFAULT_TICK_TYPES,
        range,
        speed: query.speed ?? 1,
        after: headers['Last-Event-ID'] ?? query.last_event_id,
        signal,
      })
    },
    limit: query.limit,
    timeoutMs: query.timeout,
  })
}
