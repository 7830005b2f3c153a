import type { Publisher } from '@ib-stream/bus'
import type { TickMessage } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import type { WireTap } from './capture/wire-tap.ts'
import type { TimeAnswer } from './clock-watch/clock-offset.ts'
import type { GatewayAddress, OpenSession, SessionHandlers } from './connection/gateway-session.ts'
import type { OpenGap } from './gaps/gap-tracker.ts'
import type { InvalidSink } from './invalid-sink.ts'
import type { RecorderNote } from './recorder-note.ts'
import type { RememberedStream } from './stream-memory.ts'
import type { DesiredStream } from './subscriptions/line-plan.ts'
import type { RequestGuard } from './subscriptions/request-guard.ts'
import type { SubscriptionState } from './subscriptions/subscriber.ts'

export interface RecorderOptions {
  gateway: { host: string; ports: readonly number[]; clientId: number; connectTimeoutMs: number }
  /** Tick-by-tick lines that the account has. */
  lines: number
  publisher: Pick<Publisher, 'add' | 'full'>
  clock: Clock
  invalid: Pick<InvalidSink, 'put'>
  requestGuard: RequestGuard
  inRestartWindow: () => boolean
  /** Since when ticks of a stream are missing that is desired for the first time; undefined where it was not recorded before. */
  missedAtStart: (stream: DesiredStream) => OpenGap | undefined
  /** What the next start must know; told at each change. */
  remember: (streams: readonly RememberedStream[]) => void
  onNote: (note: RecorderNote) => void
  /** Makes the session of each attempt. @default one over a socket */
  dial?: (address: GatewayAddress, clock: Clock, handlers: SessionHandlers) => OpenSession
  /** Hears every byte of the gateway; undefined: nobody does. */
  tap?: WireTap | undefined
  /** IB has told its time. */
  onTime: (answer: TimeAnswer) => void
  /** A tick is in the hands of the publisher; what is announced now stands behind it. `readSteadyUs`: when the socket was read, µs of the steady clock. */
  onTick: (tick: TickMessage, readSteadyUs: number) => void
}

/** What is known of one stream. */
export interface StreamStatus extends DesiredStream {
  state: SubscriptionState
  ticks: number
  lastStUs: number | undefined
  last?: TickMessage
  reason?: string
  /** IB's, of a refusal. */
  code?: number
}
