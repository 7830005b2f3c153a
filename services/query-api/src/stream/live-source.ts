import { type Bus, type BusOptions, connectBus } from '@ib-stream/bus'
import { codeOf } from '@ib-stream/model'
import type { Report } from '@ib-stream/service'
import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { QueryError } from '../errors.ts'

/** Bus and hub as they come up: the HTTP server does not wait for them. */
export interface LiveSource extends AsyncDisposable {
  readonly bus: Bus | undefined
  readonly hub: LiveHub | undefined
  /** For `/health`. */
  busReport(): Report
  liveReport(): Report
}

export interface LiveSourceOptions extends BusOptions {
  nowUs(): number
  /** Ends the attempt to connect and the hub. */
  signal: AbortSignal
  onState(part: 'bus' | 'live', state: string, reason: string): void
}

/** Errors of whatever is live. */
export const LIVE_STREAM_ERRORS = [
  'IBS_QUERY_LIVE_UNAVAILABLE',
  'IBS_QUERY_TOO_MANY_STREAMS',
  'IBS_TAPE_CURSOR_GONE',
  'IBS_TAPE_LOG_AWAY',
  'IBS_TAPE_CLOSED',
  'IBS_TAPE_SLOW_CONSUMER',
  'IBS_TAPE_LOG_CUT',
] as const

/** @throws QueryError `IBS_QUERY_LIVE_UNAVAILABLE` */
export function hubOf({ hub }: Pick<LiveSource, 'hub'>): LiveHub {
  if (hub) return hub
  throw new QueryError(
    'IBS_QUERY_LIVE_UNAVAILABLE',
    'query-api is not connected to NATS yet; try again in a second, /health tells the state',
  )
}

/** Connects in the background, for as long as it takes. */
export function openLiveSource(options: LiveSourceOptions): LiveSource {
  const { url, nowUs, onState } = options
  const closing = new AbortController()
  const signal = AbortSignal.any([options.signal, closing.signal])
  let bus: Bus | undefined
  let hub: LiveHub | undefined
  let refused: string | undefined
  const connect = async () => {
    bus = await connectBus({ ...options, signal })
    bus.onChange((state) => onState('bus', state, url))
    onState('bus', 'connected', url)
    hub = await openLiveHub({ bus, nowUs, signal, onState: (state, reason) => onState('live', state, reason) })
  }
  const connecting = connect().catch((error: unknown) => {
    if (signal.aborted) return
    refused = codeOf(error) ?? String(error)
    onState('bus', 'refused', String(error))
  })
  return {
    get bus() {
      return bus
    },
    get hub() {
      return hub
    },
    busReport: () => {
      const state = refused === undefined ? (bus?.state ?? 'connecting') : 'refused'
      return { state, ready: state === 'connected', url, ...(refused === undefined ? {} : { reason: refused }) }
    },
    liveReport: () => {
      const state = hub?.state ?? 'connecting'
      return { state, ready: state === 'following', ticks: hub?.ticks ?? 0, spoolId: hub?.spoolId }
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort(new Error('the live source is closed'))
      await connecting
      await hub?.close()
      await bus?.close()
    },
  }
}
