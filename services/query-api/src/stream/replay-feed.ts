import { isoFromUs, type TickType } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { MAX_SPEED, openReplay, parseReplayPlace, type Replay, type ReplayedTick, type ReplayPlace } from '@ib-stream/tape'
import { type Parameter, type Read, readBy } from '../api/parameter.ts'
import type { RouteDeps } from '../api/route.ts'
import type { Feed } from './feed.ts'
import { eventMessage, type StreamMessage } from './message.ts'

const SLOWEST = 0.1
const FASTEST = 1_000

function readSpeed(text: string): Read<number> {
  if (text === 'max') return { value: MAX_SPEED }
  const speed = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(speed)) return { problem: 'is neither a number nor max' }
  return speed >= SLOWEST && speed <= FASTEST ? { value: speed } : { problem: `is not from ${SLOWEST} to ${FASTEST}` }
}

export const SPEED: Parameter<number> = readBy(readSpeed, {
  allowed: `a number from ${SLOWEST} to ${FASTEST}, or max`,
  doc: 'Recorded seconds in a real one; max: as fast as you read.',
  default: '1',
})

/** After a place of a replay. */
export const REPLAY_PLACE: Parameter<ReplayPlace> = readBy(
  (text) => {
    const value = parseReplayPlace(text)
    return value ? { value } : { problem: 'is no event id of a replay' }
  },
  { allowed: 'the id of the last event of the same replay', doc: 'Go on after this event; the header goes before the parameter.' },
)

export interface ReplayFeedOptions {
  cids: readonly number[]
  tts: readonly TickType[]
  range: { startUs: number; endUs: number }
  speed: number
  after: ReplayPlace | undefined
  signal: AbortSignal
}

/** A feed that its client can pause, and make faster or slower. */
export interface ReplayFeed extends Feed {
  replay: Replay
}

/**
 * Recorded ticks at the pace at which they came.
 * @throws as `openReplay`
 */
export async function openReplayFeed(deps: RouteDeps, { cids, tts, range, speed, after, signal }: ReplayFeedOptions): Promise<ReplayFeed> {
  const { dataDir, backends, live } = deps
  const replay = await openReplay({ dataDir, backends, bus: live.bus, cids, tts, ...range, speed, after, signal })
  let cursor: string | undefined
  const messages = async function* (): AsyncGenerator<readonly StreamMessage[]> {
    yield [eventMessage('info', { status: 'subscribed', contract_ids: [...cids], tick_types: [...tts] }), replayMessage(replay, range)]
    for await (const batch of replay.batches()) {
      cursor = batch.at(-1)?.place
      yield batch.map(tickOf)
    }
  }
  return {
    messages: messages(),
    end: 'end_of_data',
    streams: [], // what is recorded already is asked for nowhere
    replay,
    get cursor() {
      return cursor
    },
  }
}

const tickOf = ({ tick, place }: ReplayedTick): StreamMessage => ({ name: 'tick', id: place, json: encodeTickJson(tick) })

/** What a replay does now. */
export function replayMessage(replay: Replay, range?: { startUs: number; endUs: number }): StreamMessage {
  return eventMessage('replay', {
    state: replay.paused ? 'paused' : 'playing',
    speed: replay.speed === MAX_SPEED ? 'max' : replay.speed,
    position: isoFromUs(replay.positionUs),
    ...(range ? { start: isoFromUs(range.startUs), end: isoFromUs(range.endUs) } : {}),
  })
}
