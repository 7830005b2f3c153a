import { codeOf } from '@ib-stream/model'
import type { Cursor } from '@ib-stream/tape'
import type { RouteDeps } from '../api/route.ts'
import { type Feed, type LiveFeedOptions, openLiveFeed } from './feed.ts'
import { hubOf } from './live-source.ts'
import { openTapeFeed } from './tape-feed.ts'

/**
 * Live ticks from now on, or after a cursor. What follows the cursor and is no longer in the log comes from the files first, with `resume_incomplete` before it and `live` behind it;
 * a cursor of that part goes on in it.
 * @throws QueryError `IBS_QUERY_LIVE_UNAVAILABLE`; TapeError, StorageError as `openLiveFeed` and `openTapeFeed`
 */
export async function openResumedFeed(
  deps: RouteDeps,
  { after, ...asked }: Omit<LiveFeedOptions, 'after'> & { after: Cursor | undefined },
): Promise<Feed> {
  if (after?.kind !== 'history') {
    try {
      return await openLiveFeed(hubOf(deps.live), { ...asked, after })
    } catch (error) {
      if (codeOf(error) !== 'IBS_TAPE_CURSOR_GONE') throw error // of another recording it is gone for the files too, and they say so
    }
  }
  return await openTapeFeed(deps, { ...asked, startUs: 0, after, kinds: [] })
}
