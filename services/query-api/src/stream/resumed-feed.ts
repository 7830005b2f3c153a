import { codeOf } from '@ib-stream/model'
import { type Cursor, parseCursor } from '@ib-stream/tape'
import type { RouteDeps } from '../api/route.ts'
import { TOLD_KINDS } from './events.ts'
import { type Feed, type Given, type LiveFeedOptions, openLiveFeed } from './feed.ts'
import { hubOf } from './live-source.ts'
import { openTapeFeed, openTapeMessages } from './tape-feed.ts'

/**
 * Live ticks from now on, or after a cursor. What the log no longer holds, at the beginning or because it is trimmed before it was read, comes from the files, with
 * `resume_incomplete` before it and `live` behind it; a cursor of that part goes on in it. From where the history begins the stream has the events of the recording.
 * @throws QueryError `IBS_QUERY_LIVE_UNAVAILABLE`; TapeError, StorageError as `openLiveFeed` and `openTapeFeed`
 */
export async function openResumedFeed(
  deps: RouteDeps,
  { after, ...asked }: Omit<LiveFeedOptions, 'after'> & { after: Cursor | undefined },
): Promise<Feed> {
  const fromFiles = { ...asked, startUs: 0, kinds: TOLD_KINDS }
  if (after?.kind !== 'history') {
    try {
      const live = await openLiveFeed(hubOf(deps.live), { ...asked, after })
      return orFromFiles(live, (cut) => openTapeMessages(deps, { ...fromFiles, after: cut }))
    } catch (error) {
      if (codeOf(error) !== 'IBS_TAPE_CURSOR_GONE') throw error // of another recording it is gone for the files too, and they say so
    }
  }
  return await openTapeFeed(deps, { ...fromFiles, after })
}

/** A live feed that goes on from the files where the log is trimmed before it was read. */
function orFromFiles(live: Feed, openFiles: (after: Cursor | undefined) => Promise<Given>): Feed {
  let rest: Given | undefined
  const messages = async function* () {
    try {
      yield* live.messages
    } catch (error) {
      if (codeOf(error) !== 'IBS_TAPE_LOG_CUT') throw error
      rest = await openFiles(parseCursor(live.cursor ?? ''))
      yield* rest.messages
    }
  }
  return {
    messages: messages(),
    end: live.end,
    streams: live.streams,
    get cursor() {
      return rest?.cursor ?? live.cursor
    },
  }
}
