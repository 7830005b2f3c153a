import type { Socket } from 'node:net'
import { afterSeconds } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { MessageRate } from '../limit/message-rate.ts'
import { seededRandom } from '../random.ts'
import type { Subscription, TickSink } from '../tape/subscription.ts'
import { encodeFrame, type Field, FrameBatch, FrameSplitter, fieldsOf, WireError } from '../wire/frame.ts'
import { connectionTime, GREETING_PREFIX, negotiate, parseGreeting } from '../wire/handshake.ts'
import { REQUEST } from '../wire/message-id.ts'
import { errorReply, NO_REQUEST, welcome } from '../wire/reply.ts'
import { FieldError, integerAt } from '../wire/request.ts'
import type { House } from './house.ts'
import { type Ending, Outlet } from './outlet.ts'
import { REQUEST_HANDLERS } from './request-handlers.ts'

/** `greeting`: nothing heard yet · `starting`: versions agreed, START_API is awaited · `ready` · `closed`. */
export type SessionState = 'greeting' | 'starting' | 'ready' | 'closed'

const FIRST_ORDER_ID = 1
const TOO_FAST = 'Max rate of messages per second has been exceeded'

/** One client's connection, from its first byte to its end. */
export class ClientSession implements TickSink {
  readonly house: House
  /** By request id. */
  readonly subscriptions = new Map<number, Subscription>()
  readonly outlet: Outlet
  /** 1 live, 2 frozen, 3 delayed, 4 delayed and frozen. */
  marketDataType = 1
  readonly #socket: Socket
  #rate: MessageRate
  readonly #splitter = new FrameSplitter(GREETING_PREFIX)
  readonly #batch = new FrameBatch()
  #state: SessionState = 'greeting'
  #serverVersion = 0
  #clientId: number | undefined

  constructor(socket: Socket, house: House) {
    this.#socket = socket
    this.house = house
    this.#rate = new MessageRate(house.messagesPerSecond, house.clock)
    this.outlet = this.#openOutlet()
    socket.setNoDelay()
    socket.on('data', (chunk: Buffer) => this.#hear(chunk))
    socket.on('drain', () => house.tape.wake())
    socket.on('error', (error) => house.log('warn', 'client connection broke', { ...this.#who(), error: error.message }))
    socket.on('close', () => this.#left())
  }

  get state(): SessionState {
    return this.#state
  }

  get serverVersion(): number {
    return this.#serverVersion
  }

  /** Undefined until START_API was taken. */
  get clientId(): number | undefined {
    return this.#clientId
  }

  get congested(): boolean {
    return this.#state !== 'closed' && this.#socket.writableNeedDrain
  }

  /** Sends messages in one write. */
  send(...messages: readonly (readonly Field[])[]): void {
    this.outlet.write(Buffer.concat(messages.map(encodeFrame)))
  }

  /** Ends the connection with the first half of a frame, or between two. */
  cut(where: 'frame' | 'mid-frame', how: Ending): void {
    const frame = encodeFrame(errorReply(NO_REQUEST, 2104, 'Market data farm connection is OK:usfarm'))
    this.outlet.cut(where === 'frame' ? Buffer.alloc(0) : frame.subarray(0, Math.floor(frame.length / 2)), how)
  }

  queueTick(payload: string): boolean {
    if (this.#state !== 'ready' || !this.outlet.open || this.outlet.muted) return false
    this.#batch.append(payload)
    return true
  }

  flushTicks(): void {
    if (this.#batch.bytes > 0) this.outlet.write(this.#batch.take())
  }

  /** Takes a subscription whose line was granted. */
  subscribe(subscription: Subscription): void {
    this.house.conduct.welcome(subscription)
    this.subscriptions.set(subscription.requestId, subscription)
    this.house.tape.subscribe(subscription)
    this.note('info', 'subscription', namesOf(subscription))
  }

  /** As `subscribe`, at a mark of the tape: what goes before the first tick is sent by `sendPast`, which then releases the subscription. */
  join(subscription: Subscription, sendPast: () => Promise<void>): void {
    this.house.conduct.welcome(subscription)
    this.subscriptions.set(subscription.requestId, subscription)
    this.house.tape.join(subscription, () => sendPast().catch(this.#onUnanswerable))
    this.note('info', 'subscription', namesOf(subscription))
  }

  /** Gives the line back. */
  unsubscribe(subscription: Subscription): void {
    const { tape, clock, conduct } = this.house
    this.#forget(subscription)
    const goOnSeconds = conduct.afterCancelSeconds.value
    if (goOnSeconds === 0) tape.unsubscribe(subscription)
    else afterSeconds(clock, goOnSeconds, () => tape.unsubscribe(subscription))
    this.note('info', 'subscription cancelled', namesOf(subscription))
  }

  /** As after 1101: all requests for data are gone. */
  loseSubscriptions(): void {
    for (const subscription of this.subscriptions.values()) {
      this.#forget(subscription)
      this.house.tape.unsubscribe(subscription)
    }
  }

  /** Logs with the client's name. */
  note(level: 'info' | 'warn', msg: string, facts: Readonly<Record<string, Field>>): void {
    this.house.log(level, msg, { ...this.#who(), ...facts })
  }

  /** Sends what is still buffered and closes; a client that does not take it is cut off after a second. Resolves when the socket is closed. */
  end(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve()
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.outlet.end()
    return closed
  }

  #openOutlet(): Outlet {
    const { slowClientBytes, seed } = this.house
    return new Outlet({
      socket: this.#socket,
      limitBytes: slowClientBytes,
      random: seededRandom(seed, this.#socket.remotePort ?? 0),
      onSlow: (bufferedBytes) => this.note('warn', 'slow client closed', { bufferedBytes, limitBytes: slowClientBytes }),
    })
  }

  #hear(chunk: Buffer): void {
    try {
      // A mute gateway reads, or its frames would be out of step later, but does not listen.
      for (const payload of this.#splitter.push(chunk)) if (!this.outlet.muted) this.#take(payload)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.note('warn', 'client refused', { reason: error.message })
      this.#socket.resetAndDestroy()
    }
  }

  #take(payload: Buffer): void {
    switch (this.#state) {
      case 'greeting':
        this.#greet(payload.toString('latin1'))
        break
      case 'starting':
        this.#start(fieldsOf(payload))
        break
      case 'ready':
        this.#answer(fieldsOf(payload))
        break
      case 'closed':
        break
    }
  }

  #greet(versions: string): void {
    const greeting = parseGreeting(versions)
    this.#serverVersion = negotiate(greeting, this.house.maxServerVersion)
    if (greeting.paced) this.#rate = new MessageRate(0, this.house.clock)
    this.#state = 'starting'
    // Alone in its write, and nothing after it before START_API: the official Python client throws away what follows in the same read.
    this.send([this.#serverVersion, connectionTime(this.house.clock.wallUs() + this.house.conduct.timeOffsetUs)])
  }

  #start(fields: readonly string[]): void {
    if (fields[0] !== String(REQUEST.startApi)) {
      this.note('warn', 'request before START_API ignored', { request: fields[0] ?? '' })
      return
    }
    // @stoqey/ib sends an empty id when it was given none.
    const clientId = fields[2] === undefined || fields[2] === '' ? 0 : integerIn(fields, 2)
    if (this.house.clientIds.has(clientId)) this.#refuse(clientId)
    else this.#admit(clientId)
  }

  #admit(clientId: number): void {
    this.house.clientIds.add(clientId)
    this.#clientId = clientId
    this.#state = 'ready'
    const { greetings, brokenFarms } = this.house.conduct
    const broken = new Set([...brokenFarms].map(({ name }) => name))
    this.send(...welcome(this.house.accounts, FIRST_ORDER_ID, broken), ...greetings)
    this.note('info', 'client connected', { serverVersion: this.#serverVersion })
  }

  #refuse(clientId: number): void {
    const text = 'Unable to connect as the client id is already in use. Retry with a unique client id.'
    this.note('warn', 'client id in use', { refusedClientId: clientId })
    this.send(errorReply(NO_REQUEST, 326, text))
    this.#state = 'closed'
    this.end()
  }

  #answer(fields: readonly string[]): void {
    if (!this.#withinRate() || this.house.conduct.deaf.has(fields[0] ?? '')) return
    const handler = REQUEST_HANDLERS.get(fields[0] ?? '')
    if (handler === undefined) this.note('warn', 'unknown request ignored', { request: fields[0] ?? '' })
    try {
      Promise.resolve(handler?.(this, fields)).catch(this.#onUnanswerable)
    } catch (error) {
      this.#onUnanswerable(error)
    }
  }

  readonly #onUnanswerable = (error: unknown): void => {
    if (error instanceof FieldError) return this.send(errorReply(NO_REQUEST, 320, `Error reading request. ${error.message}`))
    this.house.log('error', 'request failed', { ...this.#who(), error: messageOf(error) })
    this.send(errorReply(NO_REQUEST, 322, `Error processing request. ${messageOf(error)}`))
  }

  #withinRate(): boolean {
    const verdict = this.#rate.judge()
    if (verdict === 'accept') return true
    this.send(errorReply(NO_REQUEST, 100, TOO_FAST))
    if (verdict === 'refuse') return false
    this.note('warn', 'client sends too fast', { messagesPerSecond: this.house.messagesPerSecond })
    this.#state = 'closed'
    this.end()
    return false
  }

  #forget(subscription: Subscription): void {
    if (this.subscriptions.delete(subscription.requestId)) this.house.lines.release()
  }

  #left(): void {
    const wasReady = this.#state === 'ready'
    this.#state = 'closed'
    this.loseSubscriptions()
    if (this.#clientId !== undefined) this.house.clientIds.delete(this.#clientId)
    if (wasReady) this.note('info', 'client gone', {})
    this.house.tape.wake()
  }

  #who(): Readonly<Record<string, Field>> {
    return this.#clientId === undefined ? {} : { clientId: this.#clientId }
  }
}

function namesOf(subscription: Subscription): Readonly<Record<string, Field>> {
  return { reqId: subscription.requestId, cid: subscription.contract.conId, tt: subscription.kind }
}

function integerIn(fields: readonly string[], index: number): number {
  try {
    return integerAt(fields, index)
  } catch (cause) {
    throw new WireError('START_API has no integer as client id', { cause })
  }
}
