import type { TickMessage } from '@ib-stream/model'
import type { TimeAnswer } from './clock-watch/clock-offset.ts'
import { Connection, type ConnectionChange } from './connection/connection.ts'
import { meaningOf } from './connection/gateway-codes.ts'
import { GatewaySession, type OpenSession } from './connection/gateway-session.ts'
import { guarded } from './connection/guard-handlers.ts'
import { type ConnectionState, isOnTheWay, isWhole, takesRequests } from './connection/transitions.ts'
import { TICK_BY_TICK } from './decode-tick.ts'
import { Certainty } from './gaps/certainty.ts'
import type { OpenGap } from './gaps/gap-tracker.ts'
import { type RecordedStream, RecordedStreams } from './recorded-streams.ts'
import { type Announcement, RecorderLog } from './recorder-log.ts'
import type { RecorderOptions, StreamStatus } from './recorder-options.ts'
import type { DesiredStream, LinePlan } from './subscriptions/line-plan.ts'
import { NOTHING_TO_CANCEL, type Refusal } from './subscriptions/refusals.ts'
import { Subscriber } from './subscriptions/subscriber.ts'
import { TickIntake } from './tick-intake.ts'

/**
 * Records what is desired from one gateway for as long as `run` goes on: turns each frame into a line for the publisher, comes back after every loss, and
 * says for each stream when ticks may be missing.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #connection: Connection<OpenSession>
  readonly #subscriber: Subscriber
  readonly #certainty: Certainty
  readonly #log: RecorderLog
  readonly #streams = new RecordedStreams()
  readonly #intake: TickIntake
  #reason = 'it has just begun'
  /** When the socket was read that gave the frames of now, µs of the steady clock: read once for all of them. */
  #readSteadyUs = 0

  constructor(options: RecorderOptions) {
    const { gateway, clock, lines, requestGuard, publisher, invalid, onNote, dial = dialGateway } = options
    this.#options = options
    this.#log = new RecorderLog({ clock, publisher, epoch: () => this.epoch, onNote })
    this.#certainty = new Certainty({
      clock,
      streams: this.#streams,
      log: this.#log,
      isWhole: () => isWhole(this.state),
      isSubscribed: (rid) => this.#subscriber.stateOf(rid)?.state === 'subscribed',
      missedAtStart: options.missedAtStart,
      askAnew: ({ rid }, reason) => this.#subscriber.restart(rid, reason),
      onChange: () => this.#remember(),
    })
    this.#intake = new TickIntake({
      clock,
      publisher,
      invalid,
      streams: this.#streams,
      endGap: (stream, readUs) => this.openGaps.size > 0 && this.#isCertain(stream.rid) && this.#certainty.end(stream, readUs),
      onTick: (stream, tick) => this.#heard(stream, tick),
    })
    this.#subscriber = new Subscriber({
      lines,
      clock,
      guard: requestGuard,
      onSubscribed: (stream) => this.#onSubscribed(stream),
      onRefused: (stream, refusal) => this.#onRefused(stream, refusal),
      onEnded: (stream, reason) => this.#onEnded(stream, reason),
    })
    this.#connection = new Connection({
      ...gateway,
      clock,
      dial: ({ host, port }, handlers) => {
        const { heard, ...link } = guarded(handlers, (work) => this.#guard(work))
        return dial({ host, port, clientId: gateway.clientId }, clock, {
          ...link,
          heard: () => {
            this.#readSteadyUs = clock.steadyUs()
            heard()
          },
          frame: (fields) => this.#hearFrame(fields),
          requestError: (rid, code, message) => this.#guard(() => this.#onRequestError(rid, code, message)),
          notice: (code, message) => this.#guard(() => this.#onNotice(code, message)),
          tap: options.tap,
          time: (answer, sinceUs) => this.#guard(() => this.#onTime(answer, sinceUs)),
        })
      },
      inRestartWindow: options.inRestartWindow,
      hasRoom: () => !options.publisher.full,
      onHold: (held, forMs) => options.onNote({ kind: 'reading', state: held ? 'held' : 'going_on', forMs }),
      onChange: (change) => this.#guard(() => this.#onChange(change)),
    })
  }

  get state(): ConnectionState {
    return this.#connection.state
  }

  /** True while the gateway is not read, because the spool does not take what comes. */
  get isHeld(): boolean {
    return this.#connection.isHeld
  }

  /** Why the connection is in its state, in words, with what to do where somebody can do something. */
  get reason(): string {
    return this.#reason
  }

  /** Number of connections that took requests. */
  get epoch(): number {
    return this.#connection.epoch
  }

  /** The session that takes requests now. */
  get session(): OpenSession | undefined {
    return this.#connection.session
  }

  get streams(): readonly StreamStatus[] {
    return this.#streams.all.flatMap(({ rid }) => this.statusOf(rid) ?? [])
  }

  /** Times without certainty that go on now, by request id. */
  get openGaps(): ReadonlyMap<number, OpenGap> {
    return this.#certainty.openGaps
  }

  /** From now on these streams are wanted, no others. */
  desire(desired: readonly DesiredStream[]): LinePlan {
    this.#streams.desire(desired, { nowUs: this.#options.clock.nowUs(), onLeft: (left) => this.#leave(left) })
    this.#certainty.declareDown()
    const plan = this.#subscriber.desire(desired)
    for (const stream of plan.waiting) this.#certainty.lackLine(stream)
    const named = (streams: readonly DesiredStream[]) => streams.map(({ symbol, tt }) => `${symbol} ${tt}`)
    const { granted, waiting, warnings } = plan
    this.#options.onNote({ kind: 'plan', lines: this.#options.lines, granted: named(granted), waiting: named(waiting), warnings })
    this.#remember()
    return plan
  }

  /** Streams that have a line, and those that wait for one. */
  get plan(): LinePlan {
    return this.#subscriber.plan
  }

  /** What is known of one stream that is desired. */
  statusOf(rid: number): StreamStatus | undefined {
    const stream = this.#streams.of(rid)
    if (!stream) return undefined
    const { subject: _subject, desiredUs: _desiredUs, ...known } = stream
    return { ...known, ...(this.#subscriber.stateOf(rid) ?? { state: 'waiting' }) }
  }

  /** The stream is silent although its market is busy: asks for it anew. Its gap begins where certainty ended. */
  restartStream(rid: number, reason: string): void {
    const stream = this.#streams.of(rid)
    if (!stream || !isWhole(this.state)) return
    this.#certainty.suspect(stream, reason)
    this.#subscriber.restart(rid, reason)
  }

  /** Ends the connection and makes another, because what hangs on it is silent. */
  resetConnection(reason: string): void {
    this.#guard(() => void (takesRequests(this.state) && this.#connection.apply('stale', reason)))
  }

  /** A stream that fell silent has no more to say: its market is closed. */
  endSilence(rid: number): void {
    this.#certainty.acquit(rid)
  }

  /** Puts something that was noticed into the log, at its place between the ticks. */
  announce(announcement: Announcement): void {
    this.#log.announce(announcement)
  }

  /** Returns when the signal aborts and the connection is closed. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#connection.run(signal)
    // The next start knows only when the spool ends: what is missing before that is declared now.
    this.#certainty.endAll()
  }

  /** Of one that has a request at the gateway the subscriber says that it ended; without one it is said here, or the stream would count as recorded for good. */
  #leave(stream: RecordedStream): void {
    this.#certainty.leave(stream, !this.isHeld)
    if (!this.#subscriber.isLive(stream.rid)) this.#onEnded(stream, 'nobody asks for it any more')
  }

  #remember(): void {
    this.#options.remember(this.#streams.all.map((stream) => ({ ...stream, gap: this.#certainty.missedOf(stream.rid) })))
  }

  /** A throwing handler would come out of the library's socket handler and take the process with it. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    this.#options.onNote({ kind: 'handler_failed', error: String(error) })
  }

  #onChange(change: ConnectionChange): void {
    const { from, to, event, reason, code } = change
    const stayedOpen = takesRequests(from) && takesRequests(to)
    if (to !== 'connecting' && to !== 'handshaking') this.#reason = reason // that of the last failure stays while the next attempt is on its way
    if (!isWhole(to) && !isOnTheWay(to)) this.#certainty.lose(event, reason, code)
    if (isWhole(from) || (takesRequests(from) && !takesRequests(to))) this.#log.connection('disconnected', change)
    if (takesRequests(from) && !takesRequests(to)) this.#subscriber.leave()
    if (takesRequests(to) && !stayedOpen) this.#certainty.connected()
    if (isWhole(to) || (takesRequests(to) && !stayedOpen)) this.#log.connection('connected', change)
    this.#options.onNote({ kind: 'gateway', ...change })
    this.#certainty.startOver({ takesRequests: takesRequests(to) })
    const session = this.#connection.session
    if (session && !stayedOpen) this.#subscriber.begin(session)
    else if (isWhole(to)) this.#certainty.checkAllQuiet()
  }

  #onTime(answer: TimeAnswer, sinceUs: number): void {
    this.#certainty.hearAnswer(sinceUs)
    this.#options.onTime(answer)
  }

  #onNotice(code: number, message: string): void {
    this.#options.onNote({ kind: 'notice', code, message })
    const event = meaningOf(code)
    if (event) this.#connection.apply(event, message, code)
    this.#certainty.hearNotice(code, message)
  }

  #onRequestError(rid: number, code: number, message: string): void {
    if (code === NOTHING_TO_CANCEL || !this.#subscriber.refuse(rid, code, message))
      this.#options.onNote({ kind: 'notice', code, message: `${message} (request ${rid})` })
  }

  #onSubscribed(stream: DesiredStream): void {
    this.#log.subscription(stream, { state: 'subscribed' })
    this.#certainty.subscribed(stream)
    if (this.#certainty.awaits(stream.rid)) this.#connection.session?.askTime()
  }

  #onRefused({ rid }: DesiredStream, { kind, code, message, advice }: Refusal & { code: number; message: string }): void {
    const stream = this.#streams.of(rid)
    if (!stream) return
    if (kind === 'competing_session') this.#connection.apply('competing', message, code)
    const cause = kind === 'competing_session' || kind === 'no_line' ? kind : 'refused'
    this.#certainty.refused(stream, { cause, reason: message, code })
    this.#log.subscription(stream, { state: 'refused', code, reason: message }, { advice })
  }

  #onEnded(stream: DesiredStream, reason: string): void {
    this.#log.subscription(stream, { state: 'ended', reason })
  }

  /** For every frame, so without the closure of {@link Recorder.#guard}. */
  #hearFrame(fields: readonly string[]): void {
    try {
      this.#onFrame(fields)
    } catch (error) {
      this.#failed(error)
    }
  }

  #onFrame(fields: readonly string[]): void {
    const readUs = this.#options.clock.stampUs()
    if (this.#connection.session) this.#certainty.hearGateway(readUs)
    if (fields[0] !== TICK_BY_TICK) return
    this.#intake.take(fields, readUs)
    if (this.#options.publisher.full) this.#connection.hold()
  }

  /** A tick that is left over in a gateway that is cut off from IB, or of a request that we cancelled, says nothing of the next one. */
  #isCertain(rid: number): boolean {
    const { state } = this.#connection
    return (isWhole(state) || state === 'competing') && this.#subscriber.isLive(rid) && !this.#certainty.awaits(rid)
  }

  #heard(stream: RecordedStream, tick: TickMessage): void {
    this.#certainty.hearTick(stream.rid, tick.st)
    const revived = this.#subscriber.revive(stream.rid)
    if (revived) this.#options.onNote({ kind: 'stream', cid: stream.cid, tt: stream.tt, rid: stream.rid, state: 'subscribed' })
    if (this.#connection.state !== 'ready') this.#connection.apply('flowing', 'ticks come')
    this.#options.onTick(tick, this.#readSteadyUs)
  }
}

const dialGateway: NonNullable<RecorderOptions['dial']> = (address, clock, handlers) => new GatewaySession(address, clock, handlers)
