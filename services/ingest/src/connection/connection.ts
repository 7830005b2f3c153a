import { msFromUs } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import { Backoff } from './backoff.ts'
import { adviceFor } from './gateway-advice.ts'
import { Heartbeat } from './heartbeat.ts'
import { bug, type ConnectionEvent, type ConnectionState, skip, TRANSITIONS, takesRequests } from './transitions.ts'

/** What the connection needs of a session with the gateway; {@link GatewaySession} is the real one. */
export interface Session {
  /** Begins; what happens comes to the handlers. */
  open(): void
  /** Asks the gateway for its time: whatever answers shows that it lives. */
  askTime(): void
  /** Takes no more from the socket, which fills up to the gateway, until `goOn`. What was taken is still handed on. */
  hold(): void
  goOn(): void
  /** Ends it; `ended` is told before this returns. */
  close(reason: string): void
}

/** What a session tells its connection. */
export interface LinkHandlers {
  socketOpen(): void
  ready(): void
  /** Anything at all from the gateway, before it is looked at. */
  heard(): void
  ended(reason: string, code: number | undefined): void
}

export interface ConnectionChange {
  from: ConnectionState
  to: ConnectionState
  event: ConnectionEvent
  reason: string
  code: number | undefined
  host: string
  port: number
  /** Number of the session, from 1; 0 before the first. */
  epoch: number
}

export interface ConnectionOptions<S extends Session> {
  host: string
  /** Tried in turn; the one that took us last comes first (another may belong to another account). */
  ports: readonly number[]
  connectTimeoutMs: number
  clock: Clock
  dial(address: { host: string; port: number }, handlers: LinkHandlers): S
  /** Whether the gateway's daily restart is due now. */
  inRestartWindow(): boolean
  /** While it answers false nothing is dialled, and a connection that was told to hold stays so: what comes could not be kept. */
  hasRoom(): boolean
  /** The gateway is not read any more, or is read again after so long. Must not throw. */
  onHold(held: boolean, forMs: number): void
  /** Every change of state, in order; must not throw. */
  onChange(change: ConnectionChange): void
}

const ROOM_LOOK_EVERY_MS = 100
const HOLD_LOOK_EVERY_MS = 10
/** A gateway that has given up on a client that did not read shows it when the client reads on, at the end of what lay in the socket. */
const HELD_LATELY_MS = 5_000

/**
 * The one connection to the gateway: the transitions of `transitions.ts`, with a session of its own for each attempt. Late events of an ended session are
 * not heard. Loops: attempts, bounded by `Backoff` (30 s, 60 s while the client id is in use); the heartbeat, one timer a session.
 */
export class Connection<S extends Session> {
  #state: ConnectionState = 'idle'
  #epoch = 0
  #session: S | undefined
  #port: number
  #turn = 0
  #wasReady = false
  #dial: Timer | undefined
  #handshake: Timer | undefined
  #heartbeat: Heartbeat | undefined
  /** Looks for room while the gateway is not read. */
  #holding: Timer | undefined
  #heldSinceUs = 0
  /** When the session was last held, µs of the steady clock. */
  #heldUs = Number.NEGATIVE_INFINITY
  readonly #options: ConnectionOptions<S>
  readonly #backoff = new Backoff()
  readonly #stopped = Promise.withResolvers<void>()

  constructor(options: ConnectionOptions<S>) {
    this.#options = options
    this.#port = options.ports[0] ?? 0
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Number of sessions that took requests. */
  get epoch(): number {
    return this.#epoch
  }

  /** The session that takes requests now. */
  get session(): S | undefined {
    return takesRequests(this.#state) ? this.#session : undefined
  }

  /** Connects, and connects again after every end, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.apply('stop', 'ingest is stopping')
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    else this.#dialNow()
    await this.#stopped.promise
    signal.removeEventListener('abort', stop)
  }

  /** An event that the session's messages mean. */
  apply(event: ConnectionEvent, reason: string, code?: number): void {
    const next = TRANSITIONS[this.#state][event]
    if (next === skip) return
    if (next === bug) throw new Error(`connection: ${event} in state ${this.#state}`)
    const from = this.#state
    this.#state = next
    if (from !== next) this.#enter(from, { event, reason: event === 'idInUse' ? this.#withAdvice(reason, code) : reason, code })
  }

  /** True while the gateway is not read. */
  get isHeld(): boolean {
    return this.#holding !== undefined
  }

  /** What comes cannot be kept now: the gateway is not read until there is room again. Its buffers take what it sends meanwhile, and its patience decides. */
  hold(): void {
    const { clock, onHold } = this.#options
    if (this.#holding || !this.#session) return
    this.#heldSinceUs = clock.steadyUs()
    this.#session.hold()
    this.#heartbeat?.hold()
    this.#holding = clock.every(HOLD_LOOK_EVERY_MS, () => this.#options.hasRoom() && this.#goOn())
    onHold(true, 0)
  }

  #goOn(): void {
    this.#holding?.cancel()
    if (!this.#holding) return
    this.#holding = undefined
    this.#heldUs = this.#options.clock.steadyUs()
    this.#heartbeat?.heard()
    this.#session?.goOn()
    this.#options.onHold(false, msFromUs(this.#heldUs - this.#heldSinceUs))
  }

  #enter(from: ConnectionState, { event, reason, code }: { event: ConnectionEvent; reason: string; code: number | undefined }): void {
    const to = this.#state
    if (to === 'ready' || to === 'degraded') this.#onReady(from)
    this.#options.onChange({ from, to, event, reason, code, host: this.#options.host, port: this.#port, epoch: this.#epoch })
    switch (to) {
      case 'connecting':
        return this.#openSession()
      case 'closing':
        return this.#session?.close(reason)
      case 'idle':
      case 'waiting':
      case 'restarting':
        this.#leaveSession(reason)
        return this.#dialLater(to)
      case 'stopped':
        this.#dial?.cancel()
        this.#leaveSession(reason)
        return this.#stopped.resolve()
    }
  }

  #onReady(from: ConnectionState): void {
    if (takesRequests(from)) return
    this.#handshake?.cancel()
    this.#epoch += 1
    this.#wasReady = true
    this.#backoff.began(this.#options.clock.steadyUs())
    const session = this.#session
    this.#heartbeat = new Heartbeat(this.#options.clock, {
      ask: () => session?.askTime(),
      silent: (forMs) => this.apply('silent', `the gateway is silent for ${forMs} ms`),
      overdue: (forMs) => this.apply('overdue', `the gateway is silent for ${forMs} ms`),
    })
  }

  #dialNow(): void {
    if (this.#options.hasRoom()) this.apply('dialDue', 'the next attempt')
    else this.#dial = this.#options.clock.after(ROOM_LOOK_EVERY_MS, () => this.#dialNow())
  }

  #dialLater(state: 'idle' | 'waiting' | 'restarting'): void {
    const { clock, ports } = this.#options
    if (!this.#wasReady) this.#turn += 1
    const waitMs = this.#backoff.nextMs(state, { nowUs: clock.steadyUs(), ports: ports.length })
    this.#wasReady = false
    this.#dial = clock.after(waitMs, () => this.#dialNow())
  }

  #openSession(): void {
    const { ports, host, dial, clock, connectTimeoutMs } = this.#options
    this.#port = ports[this.#turn % ports.length] ?? 0
    const handlers = this.#handlersFor(() => session)
    const session: S = dial({ host, port: this.#port }, handlers)
    this.#session = session
    this.#handshake = clock.after(connectTimeoutMs, () =>
      this.apply('overdue', this.#withAdvice('the gateway was not ready in time', undefined)),
    )
    session.open()
  }

  get #wasHeld(): boolean {
    return this.isHeld || msFromUs(this.#options.clock.steadyUs() - this.#heldUs) < HELD_LATELY_MS
  }

  #withAdvice(reason: string, code: number | undefined): string {
    const advice = adviceFor(this.#state, code, { host: this.#options.host, port: this.#port })
    return advice === undefined ? reason : `${reason}; ${advice}`
  }

  /** Handlers that only hear their own session. */
  #handlersFor(own: () => S): LinkHandlers {
    const isCurrent = () => this.#session !== undefined && this.#session === own()
    return {
      socketOpen: () => isCurrent() && this.apply('socketOpen', 'the socket is open'),
      ready: () => isCurrent() && this.apply('sessionReady', 'the gateway takes requests'),
      heard: () => {
        if (!isCurrent()) return
        this.#heartbeat?.heard()
        if (this.#state === 'mute') this.apply('heard', 'the gateway answers again')
      },
      ended: (reason, code) => {
        if (!isCurrent()) return
        if (this.#wasHeld && takesRequests(this.#state))
          this.apply('noRoom', `${reason}, after it was not read because the spool takes nothing`, code)
        if (isCurrent()) this.apply(this.#options.inRestartWindow() ? 'endedInWindow' : 'ended', this.#withAdvice(reason, code), code)
      },
    }
  }

  /** From here on the session is nobody's. */
  #leaveSession(reason: string): void {
    const session = this.#session
    this.#session = undefined
    this.#goOn()
    this.#handshake?.cancel()
    this.#heartbeat?.stop()
    session?.close(reason)
  }
}
