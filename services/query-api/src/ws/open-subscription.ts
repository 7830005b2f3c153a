import { readOne, readQuery } from '../api/read-parameters.ts'
import type { RouteDeps } from '../api/route.ts'
import { timeRangeOf } from '../history/time-range.ts'
import { type Feed, openLiveFeed } from '../stream/feed.ts'
import { hubOf } from '../stream/live-source.ts'
import { openReplayFeed, REPLAY_PLACE, type ReplayFeed } from '../stream/replay-feed.ts'
import { LIVE_CURSOR } from '../stream/stream-parameters.ts'
import { REPLAY_PARAMETERS, type Subscribe } from './client-messages.ts'

/**
 * What a subscription gives.
 * @throws QueryError, TapeError: what the client did wrong, or what cannot be given now
 */
export async function openSubscription(data: Subscribe['data'], deps: RouteDeps, signal: AbortSignal): Promise<Feed | ReplayFeed> {
  const { contracts, after, replay } = data
  const tts = [...new Set(data.tick_types)]
  if (replay) {
    const values = readQuery(REPLAY_PARAMETERS, replay)
    const place = after === undefined ? undefined : readOne('after', REPLAY_PLACE, after)
    const cids = await cidsOf(contracts, deps, signal)
    const cid = cids.length === 1 ? cids[0] : undefined
    const range = await timeRangeOf(values, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given: replay })
    return await openReplayFeed(deps, { cids, tts, range, speed: values.speed ?? 1, after: place, signal })
  }
  const cursor = after === undefined ? undefined : readOne('after', LIVE_CURSOR, after)
  const hub = hubOf(deps.live)
  return await openLiveFeed(hub, { cids: await cidsOf(contracts, deps, signal), tts, after: cursor, signal })
}

async function cidsOf(contracts: Subscribe['data']['contracts'], deps: RouteDeps, signal: AbortSignal): Promise<number[]> {
  const cids = [...new Set(await Promise.all(contracts.map((name) => deps.contracts.cidOf(name))))]
  signal.throwIfAborted()
  return cids
}
