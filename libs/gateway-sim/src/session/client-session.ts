import type { Socket } from 'node:net'
import { secondsToMs } from '../clock.ts'
import type { Subscription, TickSink } from '../tape/subscription.ts'
import { encodeFrame, type Field, FrameBatch, FrameSplitter, fieldsOf, WireError } from '../wire/frame.ts'
import { connectionTime, GREETING_PREFIX, negotiate, parseVersionRange } from '../wire/handshake.ts'
import { REQUEST } from '../wire/message-id.ts'
import { errorReply, NO_REQUEST, welcome } from '../wire/reply.ts'
import { FieldError, integerAt } from '../wire/request.ts'
import type { House } from './house.ts'
import { REQUEST_HANDLERS } from './request-handlers.ts'

/** `greeting`: nothing heard yet · `starting`: versions agreed, START_API is awaited · `ready` · `closed`. */
export type SessionState = 'greeting' | 'starting' | 'ready' | 'closed'

const LAST_WORDS_MS = secondsToMs(1)
const FIRST_ORDER_ID = 1

/** One client's connection, from its first byte to its end. */
export class ClientSession implements TickSink {
  readonly house: House
  /** By request id. */
  readonly subscriptions = new Map<number, Subscription>()
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(GREETING_PREFIX)
  readonly #batch = new FrameBatch()
  #state: SessionState = 'greeting'
  #serverVersion = 0
  #clientId: number | undefined

  constructor(socket: Socket, house: House) {
    this.#socket = socket
    this.house = house
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

  get congested(): boolean {
    return this.#state !== 'closed' && this.#socket.writableNeedDrain
  }

  /** Sends messages in one write. */
  send(...messages: readonly (readonly Field[])[]): void {
    this.#write(Buffer.concat(messages.map(encodeFrame)))
  }

  queueTick(payload: string): boolean {
    if (this.#state !== 'ready' || this.#socket.destroyed) return false
    this.#batch.append(payload)
    return true
  }

  flushTicks(): void {
    if (this.#batch.bytes > 0) this.#write(this.#batch.take())
  }

  subscribe(subscription: Subscription): void {
    this.subscriptions.set(subscription.requestId, subscription)
    this.house.tape.subscribe(subscription)
    this.note('info', 'subscription', namesOf(subscription))
  }

  unsubscribe(subscription: Subscription): void {
    this.subscriptions.delete(subscription.requestId)
    this.house.tape.unsubscribe(subscription)
    this.note('info', 'subscription cancelled', namesOf(subscription))
  }

  /** Logs with the client's name. */
  note(level: 'info' | 'warn', msg: string, facts: Readonly<Record<string, Field>>): void {
    this.house.log(level, msg, { ...this.#who(), ...facts })
  }

  /** Sends what is still buffered and closes; a client that does not take it is cut off after a second. */
  end(): void {
    this.#socket.end()
    setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS).unref()
  }

  #write(bytes: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.#socket.write(bytes)
    const bufferedBytes = this.#socket.writableLength
    if (bufferedBytes <= this.house.slowClientBytes) return
    this.note('warn', 'slow client closed', { bufferedBytes, limitBytes: this.house.slowClientBytes })
    this.#socket.destroy()
  }

  #hear(chunk: Buffer): void {
    try {
      for (const payload of this.#splitter.push(chunk)) this.#take(payload)
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
    this.#serverVersion = negotiate(parseVersionRange(versions), this.house.maxServerVersion)
    this.#state = 'starting'
    // Alone in its write, and nothing after it before START_API: the official Python client throws away what follows in the same read.
    this.send([this.#serverVersion, connectionTime(this.house.clock.wallUs())])
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
    this.send(...welcome(this.house.accounts, FIRST_ORDER_ID))
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
    const handler = REQUEST_HANDLERS.get(fields[0] ?? '')
    if (handler === undefined) this.note('warn', 'unknown request ignored', { request: fields[0] ?? '' })
    try {
      handler?.(this, fields)
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      this.send(errorReply(NO_REQUEST, 320, `Error reading request. ${error.message}`))
    }
  }

  #left(): void {
    const wasReady = this.#state === 'ready'
    this.#state = 'closed'
    for (const subscription of this.subscriptions.values()) this.house.tape.unsubscribe(subscription)
    this.subscriptions.clear()
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
