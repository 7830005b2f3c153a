import { readOne, readQuery } from '../api/read-parameters.ts'
import type { RouteDeps } from '../api/route.ts'
import { beginningOf, type TimeRangeContext, timeRangeOf } from '../history/time-range.ts'
import { TOLD_KINDS } from '../stream/events.ts'
import type { Feed } from '../stream/feed.ts'
import { hubOf } from '../stream/live-source.ts'
import { openReplayFeed, REPLAY_PLACE, type ReplayFeed } from '../stream/replay-feed.ts'
import { openResumedFeed } from '../stream/resumed-feed.ts'
import { CURSOR } from '../stream/stream-parameters.ts'
import { openTapeFeed } from '../stream/tape-feed.ts'
import { REPLAY_PARAMETERS, type Subscribe } from './client-messages.ts'

/**
 * What a subscription gives: a replay; or, with a time or a cursor of history, that history and then live; else live alone.
 * @throws QueryError, TapeError: what the client did wrong, or what cannot be given now
 */
export async function openSubscription(data: Subscribe['data'], deps: RouteDeps, signal: AbortSignal): Promise<Feed | ReplayFeed> {
  const { contracts, after, replay } = data
  const tts = [...new Set(data.tick_types)]
  if (replay) {
    const values = readQuery(REPLAY_PARAMETERS, replay)
    const place = after === undefined ? undefined : readOne('after', REPLAY_PLACE, after)
    const cids = await cidsOf(contracts, deps, signal)
    const range = await timeRangeOf(values, contextOf(cids, deps, replay))
    return await openReplayFeed(deps, { cids, tts, range, speed: values.speed ?? 1, after: place, signal })
  }
  const cursor = after === undefined ? undefined : readOne('after', CURSOR, after)
  hubOf(deps.live) // before names are looked up, which needs the log too
  const cids = await cidsOf(contracts, deps, signal)
  const { start_time, buffer_duration, session, hours, tz } = data
  const isLive = start_time === undefined && buffer_duration === undefined && session === undefined
  if (isLive) return await openResumedFeed(deps, { cids, tts, after: cursor, signal })
  const startUs = await beginningOf({ start_time, buffer_duration, session, hours, tz }, contextOf(cids, deps, {}))
  return await openTapeFeed(deps, { cids, tts, startUs, after: cursor, kinds: TOLD_KINDS, signal })
}

async function cidsOf(contracts: Subscribe['data']['contracts'], deps: RouteDeps, signal: AbortSignal): Promise<number[]> {
  const cids = [...new Set(await Promise.all(contracts.map((name) => deps.contracts.cidOf(name))))]
  signal.throwIfAborted()
  return cids
}

const contextOf = (cids: readonly number[], deps: RouteDeps, given: TimeRangeContext['given']): TimeRangeContext => ({
  nowUs: deps.nowUs(),
  contracts: deps.contracts,
  cid: cids.length === 1 ? cids[0] : undefined,
  given,
})
