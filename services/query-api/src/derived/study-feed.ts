import type { TickType } from '@ib-stream/model'
import { decodeTickJson } from '@ib-stream/storage'
import type { Study } from '@ib-stream/studies'
import { openTape } from '@ib-stream/tape'
import type { RouteDeps } from '../api/route.ts'
import { type Feed, subscribed } from '../stream/feed.ts'
import { hubOf } from '../stream/live-source.ts'
import { eventMessage, type StreamMessage } from '../stream/message.ts'
import { asQueryError } from './study-request.ts'

/**
 * Outputs of a study over history and then live. A study has a state, so a stream of outputs has no place to go on from: it is asked for anew.
 * @throws QueryError, TapeError as `openTape`
 */
export async function openStudyFeed(
  deps: RouteDeps,
  study: Study,
  { cid, tts, startUs, signal }: { cid: number; tts: readonly TickType[]; startUs: number; signal: AbortSignal },
): Promise<Feed> {
  const hub = hubOf(deps.live)
  const { bus } = deps.live
  if (!bus) throw new TypeError('a hub without a bus')
  const { dataDir, backends, nowUs } = deps
  const tape = openTape({ dataDir, backends, bus, hub, cids: [cid], tts, startUs, kinds: [], nowUs, signal })
  const messages = async function* (): AsyncGenerator<readonly StreamMessage[], void, undefined> {
    for await (const items of tape) {
      const made = items.flatMap((item): StreamMessage[] => {
        if (item.kind === 'live') return [eventMessage('live', {})]
        if (item.kind !== 'tick') return []
        return outputsOf(study, item.line)
      })
      if (made.length > 0) yield made
    }
  }
  return subscribed({ cids: [cid], tts }, { messages: messages(), cursor: undefined })
}

function outputsOf(study: Study, line: string): StreamMessage[] {
  try {
    return study.push(decodeTickJson(line)).map((output) => ({ name: 'output', json: JSON.stringify(output) }))
  } catch (error) {
    throw asQueryError(error)
  }
}
