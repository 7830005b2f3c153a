import type { Tick } from './api-types.ts'
import { ClientError } from './errors.ts'
import type { StreamEvent } from './events.ts'
import { type ContractRef, type Ranged, type TickType, type Time, timeText } from './options.ts'
import { type Transport, urlOf } from './request.ts'

export interface ReplayControlOptions extends Pick<Ranged, 'session' | 'hours' | 'tz' | 'duration'> {
  contracts: readonly ContractRef[]
  tickTypes?: readonly TickType[] | undefined
  from?: Time | undefined
  to?: Time | undefined
  /** Recorded seconds in a real one, 0.1 to 1000, or `max`. @default 1 */
  speed?: number | 'max' | undefined
  onTick: (tick: Tick) => void
  /** `replay` tells the state and the place, `complete` the end. */
  onEvent: (event: StreamEvent) => void
  signal: AbortSignal
}

const NAME = 'replay'

/** A replay that can be paused, moved and made faster while it runs, over a WebSocket of its own. It does not go on by itself after a break. */
export class ReplayControl {
  /** Resolves at the end of the range; rejects with ClientError, or with `signal.reason`. */
  readonly done: Promise<void>
  readonly #socket: WebSocket
  readonly #waiting: string[] = []

  constructor(transport: Transport, options: ReplayControlOptions) {
    const url = urlOf(transport.url, { template: '/v3/ws/stream', query: { api_key: transport.apiKey } })
    url.protocol = url.protocol.replace('http', 'ws')
    this.#socket = new WebSocket(url)
    this.#send({ type: 'subscribe', id: NAME, data: subscription(options) })
    this.#socket.addEventListener('open', () => {
      for (const message of this.#waiting.splice(0)) this.#socket.send(message)
    })
    this.done = new Promise((resolve, reject) => this.#follow(options, resolve, reject))
  }

  pause(): void {
    this.#send({ type: 'pause', id: NAME })
  }

  resume(): void {
    this.#send({ type: 'resume', id: NAME })
  }

  /** To a moment, earlier or later. */
  seek(to: Time): void {
    this.#send({ type: 'seek', id: NAME, data: { to: String(timeText(to)) } })
  }

  speed(speed: number | 'max'): void {
    this.#send({ type: 'speed', id: NAME, data: { speed } })
  }

  #send(message: object): void {
    const text = JSON.stringify(message)
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text)
    else this.#waiting.push(text)
  }

  #follow({ onTick, onEvent, signal }: ReplayControlOptions, resolve: () => void, reject: (reason: unknown) => void): void {
    const leave = () => this.#socket.close()
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    this.#socket.addEventListener('message', ({ data: raw }) => {
      const { type, data } = JSON.parse(String(raw)) as { type: string; data: unknown }
      if (type === 'tick') return onTick(data as Tick)
      if (type === 'connected' || type === 'pong') return
      const event = { name: type, data } as StreamEvent
      onEvent(event)
      if (event.name === 'error') reject(new ClientError(event.data.code, event.data.message, { status: 200 }))
      if (event.name === 'complete') resolve()
      if (event.name === 'error' || event.name === 'complete') leave()
    })
    this.#socket.addEventListener('close', ({ code }) => {
      signal.removeEventListener('abort', leave)
      reject(
        signal.aborted
          ? signal.reason
          : new ClientError('IBS_CLIENT_SERVER_AWAY', `the replay broke off (${code}); begin it anew`, { status: 0 }),
      )
    })
  }
}

const subscription = ({ contracts, tickTypes = ['bid_ask'], from, to, duration, session, hours, tz, speed = 1 }: ReplayControlOptions) => {
  const range = { start_time: timeText(from), end_time: timeText(to), buffer_duration: duration, session, hours, tz, speed }
  return { contracts, tick_types: tickTypes, replay: Object.fromEntries(Object.entries(range).filter(([, value]) => value !== undefined)) }
}
