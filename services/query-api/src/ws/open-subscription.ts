import type { RouteDeps } from '../api/route.ts'
import { type Feed, openLiveFeed } from '../stream/feed.ts'
import { hubOf } from '../stream/live-source.ts'
import type { Subscribe } from './client-messages.ts'

/**
 * What a subscription gives.
 * @throws QueryError, TapeError: what the client did wrong, or what cannot be given now
 */
export async function openSubscription(data: Subscribe['data'], deps: RouteDeps, signal: AbortSignal): Promise<Feed> {
  const hub = hubOf(deps.live)
  const cids = [...new Set(await Promise.all(data.contracts.map((name) => deps.contracts.cidOf(name))))]
  signal.throwIfAborted()
  return await openLiveFeed(hub, { cids, tts: [...new Set(data.tick_types)], after: data.after, signal })
}
