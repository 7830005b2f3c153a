import { type Publisher, pause, tickSubject } from '@ib-stream/bus'
import { eventSubject, hash31, type RecorderEvent, type TickMessage, type TickType } from '@ib-stream/model'
import type { Clock, TrackedContract } from '@ib-stream/service'
import { encodeTickJson } from '@ib-stream/storage'
import type { Contract as IbContract } from '@stoqey/ib'
import { decodeTick, TICK_BY_TICK, type TickStream } from './decode-tick.ts'
import { GapTracker, QUIET_STREAM_HEARD_AFTER_MS } from './gap-tracker.ts'
import { GatewaySession } from './gateway-session.ts'
import type { InvalidSink } from './invalid-sink.ts'

export type GatewayState = 'connecting' | 'recording' | 'connectivity_lost' | 'stopped'

export type RecorderNote =
  | { kind: 'gateway'; state: GatewayState; reason: string; code?: number | undefined; host: string; port: number }
  | { kind: 'notice'; code: number; message: string }
  | { kind: 'stream'; cid: number; tt: TickType; rid: number; state: 'subscribed' | 'refused'; code?: number; reason?: string }
  | { kind: 'gap'; cid: number; tt: TickType; fromUs: number; toUs: number; reason: string }
  | { kind: 'handler_failed'; error: string }

export interface RecorderOptions {
  gateway: { host: string; ports: readonly number[]; clientId: number; connectTimeoutMs: number }
  tracked: readonly TrackedContract[]
  publisher: Publisher
  clock: Clock
  invalid: InvalidSink
  /** Newest `st` of an earlier run of this recording, µs; undefined for the very first. */
  heardUntilUs: number | undefined
  onNote: (note: RecorderNote) => void
  onTick: (tt: TickType, stUs: number) => void
}

/** What is known of one subscription. */
export interface StreamStatus extends TickStream {
  state: 'waiting' | 'subscribed' | 'refused'
  ticks: number
  lastStUs: number | undefined
  last?: TickMessage
  reason?: string
}

const BACKOFF_FIRST_MS = 500
const BACKOFF_MOST_MS = 30_000
/** A refused stream is asked for again after this long; IB wants 15 s between requests for the same instrument. */
const ASK_AGAIN_AFTER_MS = 60_000
/** How often a publisher that holds as many lines as it may is looked at. */
const FULL_LOOK_EVERY_MS = 100
const CONNECTIVITY_LOST = new Set([1100, 2110])
const RESTORED_DATA_LOST = 1101
const RESTORED_DATA_KEPT = 1102

/**
 * Records the tracked contracts from one gateway for as long as `run` goes on: connects, asks for contract details, subscribes, turns each frame into a
 * line for the publisher, comes back after every loss, and says for each stream when ticks may be missing.
 */
export class Recorder {
  state: GatewayState = 'connecting'
  epoch = 0
  #options: RecorderOptions
  #streams = new Map<number, StreamStatus>()
  #gaps = new GapTracker()
  #contracts = new Map<number, IbContract>()
  #session: GatewaySession | undefined
  #sessionTimers: NodeJS.Timeout[] = []
  /** The gateway said that it is cut off from IB; it may say so before it takes requests. */
  #cutOff = false
  #startedUs: number
  #lastHeardUs: number
  /** The gateway answers by itself while it is cut off from IB; only ticks show that IB was heard. */
  #lastTickUs: number

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#startedUs = options.clock.stampUs()
    this.#lastHeardUs = this.#startedUs
    this.#lastTickUs = this.#startedUs
    for (const { cid, tickTypes } of options.tracked) {
      for (const tt of tickTypes) {
        const rid = hash31(cid, tt)
        this.#streams.set(rid, { cid, tt, rid, state: 'waiting', ticks: 0, lastStUs: undefined })
      }
    }
    const { heardUntilUs } = options
    if (heardUntilUs !== undefined) this.#openGaps(heardUntilUs, 'ingest_down', 'ingest was not running')
  }

  get streams(): readonly StreamStatus[] {
    return [...this.#streams.values()]
  }

  /**
   * Returns when the signal aborts. The pauses between attempts grow to 30 s and are bounded by it; ports are tried in turn, a port that took us is tried again
   * first (another may belong to another account).
   */
  async run(signal: AbortSignal): Promise<void> {
    const { ports } = this.#options.gateway
    let turn = 0
    for (let failures = 0; !signal.aborted; failures++) {
      const heldMs = await this.#record(ports[turn % ports.length] ?? 0, signal)
      if (heldMs === undefined) turn += 1
      else if (heldMs > BACKOFF_MOST_MS) failures = 0
      const waitMs = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** Math.floor(failures / ports.length))
      await pause(waitMs * (0.5 + Math.random() / 2), signal).catch(() => undefined) // the loop's condition ends it
      await this.#roomForMore(signal)
    }
    // The next start knows only when the spool ends: what is missing before that is declared now.
    for (const stream of this.#streams.values()) this.#closeGap(stream, this.#options.clock.stampUs())
    this.#become('stopped', 'asked to stop', undefined, 0)
  }

  /** While more lines wait for the spool than memory is given nothing more is asked for. */
  async #roomForMore(signal: AbortSignal): Promise<void> {
    while (this.#options.publisher.full && !signal.aborted) await pause(FULL_LOOK_EVERY_MS, signal).catch(() => undefined)
  }

  /** One connection from attempt to end; gives how long it took requests, ms; undefined when it never did. */
  async #record(port: number, signal: AbortSignal): Promise<number | undefined> {
    const { host, clientId, connectTimeoutMs } = this.#options.gateway
    let readyMs: number | undefined
    const ended = Promise.withResolvers<void>()
    const session = new GatewaySession({ host, port, clientId }, connectTimeoutMs, {
      frame: (fields) => this.#guard(() => this.#onFrame(fields)),
      requestError: (rid, code, message) => this.#guard(() => this.#onRequestError(rid, code, message)),
      notice: (code, message) => this.#guard(() => this.#onNotice(code, message, port)),
      ended: (reason, code) => {
        this.#guard(() => this.#onEnd(reason, code, port))
        ended.resolve()
      },
    })
    const stop = () => session.close('ingest is stopping')
    signal.addEventListener('abort', stop, { once: true })
    this.#cutOff = false
    try {
      await session.open()
      readyMs = performance.now()
      this.#session = session
      this.#onOpen(port)
      await Promise.all(this.#options.tracked.map((contract) => this.#subscribeContract(session, contract)))
    } catch {
      // said by onEnd already
    }
    await ended.promise
    signal.removeEventListener('abort', stop)
    return readyMs === undefined ? undefined : performance.now() - readyMs
  }

  /** A throwing handler would come out of the library's socket handler and take the process with it. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.onNote({ kind: 'handler_failed', error: String(error) })
    }
  }

  #onOpen(port: number): void {
    this.epoch += 1
    this.#lastHeardUs = this.#options.clock.stampUs()
    this.#publishConnection('connected', 'the gateway takes requests', undefined, port)
    if (this.#cutOff) this.#become('connectivity_lost', 'the gateway takes requests, but is cut off from IB', undefined, port)
    else this.#become('recording', 'the gateway takes requests', undefined, port)
  }

  #onEnd(reason: string, code: number | undefined, port: number): void {
    for (const timer of this.#sessionTimers.splice(0)) clearTimeout(timer)
    this.#openGaps(this.#lastHeardUs, 'disconnected', reason)
    if (this.#session) {
      this.#session = undefined
      this.#publishConnection('disconnected', reason, code, port)
    }
    for (const stream of this.#streams.values()) stream.state = 'waiting'
    this.#become('connecting', reason, code, port)
  }

  #onNotice(code: number, message: string, port: number): void {
    this.#options.onNote({ kind: 'notice', code, message })
    if (CONNECTIVITY_LOST.has(code)) this.#cutOff = true
    else if (code === RESTORED_DATA_KEPT) this.#cutOff = false
    if (CONNECTIVITY_LOST.has(code) || code === RESTORED_DATA_LOST) this.#openGaps(this.#lastTickUs, 'disconnected', message)
    if (CONNECTIVITY_LOST.has(code) && this.state === 'recording') {
      this.#publishConnection('disconnected', message, code, port)
      this.#become('connectivity_lost', message, code, port)
    } else if (code === RESTORED_DATA_KEPT && this.state === 'connectivity_lost') {
      this.#become('recording', message, code, port)
      this.#publishConnection('connected', message, code, port)
    }
    // After "data lost" every request is void. A new connection asks for all of them again and closes the gaps in the one way there is.
    if (code === RESTORED_DATA_LOST) this.#session?.close(message)
  }

  async #subscribeContract(session: GatewaySession, { cid, tickTypes }: TrackedContract): Promise<void> {
    try {
      const contract = this.#contracts.get(cid) ?? (await session.contract(cid))
      this.#contracts.set(cid, contract)
      for (const tt of tickTypes) this.#subscribe(session, contract, hash31(cid, tt))
    } catch (error) {
      if (session !== this.#session) return
      for (const tt of tickTypes) this.#refused(hash31(cid, tt), 0, String(error))
      this.#later(ASK_AGAIN_AFTER_MS, () => void this.#subscribeContract(session, { cid, tickTypes, symbol: '', bufferHours: 0 }))
    }
  }

  #subscribe(session: GatewaySession, contract: IbContract, rid: number): void {
    const stream = this.#streams.get(rid)
    if (!stream || session !== this.#session) return
    session.subscribe(rid, contract, stream.tt)
    stream.state = 'subscribed'
    delete stream.reason
    this.#publish({ kind: 'subscription', ...this.#head(), cid: stream.cid, tt: stream.tt, rid, state: 'subscribed' })
    this.#options.onNote({ kind: 'stream', cid: stream.cid, tt: stream.tt, rid, state: 'subscribed' })
    const { epoch } = this
    this.#later(QUIET_STREAM_HEARD_AFTER_MS, () => {
      if (epoch !== this.epoch || stream.state !== 'subscribed' || this.state !== 'recording') return
      const nowUs = this.#options.clock.stampUs()
      if (this.#closeGap(stream, nowUs)) this.#lastTickUs = nowUs
    })
  }

  #onRequestError(rid: number, code: number, message: string): void {
    const stream = this.#streams.get(rid)
    if (!stream) return this.#options.onNote({ kind: 'notice', code, message: `${message} (request ${rid})` })
    this.#refused(rid, code, message)
    const session = this.#session
    const contract = this.#contracts.get(stream.cid)
    if (!session || !contract) return
    this.#later(ASK_AGAIN_AFTER_MS, () => {
      if (stream.state === 'refused') this.#subscribe(session, contract, rid) // else a second request would be refused as a duplicate
    })
  }

  #refused(rid: number, code: number, reason: string): void {
    const stream = this.#streams.get(rid)
    if (!stream) return
    const fromUs = stream.lastStUs ?? (stream.state === 'waiting' ? this.#startedUs : this.#lastHeardUs)
    Object.assign(stream, { state: 'refused', reason })
    this.#gaps.open(stream, { fromUs, cause: 'refused', reason })
    this.#publish({ kind: 'subscription', ...this.#head(), cid: stream.cid, tt: stream.tt, rid, state: 'refused', code, reason })
    this.#options.onNote({ kind: 'stream', cid: stream.cid, tt: stream.tt, rid, state: 'refused', code, reason })
  }

  #onFrame(fields: readonly string[]): void {
    const readUs = this.#options.clock.stampUs()
    if (this.#session) this.#lastHeardUs = readUs
    if (fields[0] !== TICK_BY_TICK) return
    const stream = this.#streams.get(Number(fields[1]))
    if (!stream) return this.#options.invalid.put(0, fields, { field: 'rid', value: fields[1], rule: 'a request of this ingest' }, readUs)
    // The gap's event stands before the tick that ends it, so it takes the stamp of the read and the tick the next one.
    const st = this.#closeGap(stream, readUs) ? this.#options.clock.stampUs() : readUs
    const decoded = decodeTick(fields, stream, st)
    if ('fault' in decoded) return this.#options.invalid.put(stream.cid, fields, decoded.fault, st)
    this.#options.publisher.add({ subject: tickSubject(stream.cid, stream.tt), line: encodeTickJson(decoded.tick) })
    if (stream.state === 'refused') this.#revive(stream)
    stream.ticks += 1
    stream.lastStUs = st
    this.#lastTickUs = st
    stream.last = decoded.tick
    this.#options.onTick(stream.tt, st)
    if (this.#options.publisher.full) this.#session?.close('the spool does not take the ticks as fast as they come')
  }

  /** IB sends all the same, so the refusal is over. */
  #revive(stream: StreamStatus): void {
    stream.state = 'subscribed'
    delete stream.reason
    this.#options.onNote({ kind: 'stream', cid: stream.cid, tt: stream.tt, rid: stream.rid, state: 'subscribed' })
  }

  #openGaps(fromUs: number, cause: 'disconnected' | 'ingest_down', reason: string): void {
    for (const stream of this.#streams.values()) this.#gaps.open(stream, { fromUs, cause, reason })
  }

  /** @returns whether a gap was open */
  #closeGap(stream: TickStream, toUs: number): boolean {
    const gap = this.#gaps.close(stream, toUs)
    if (!gap) return false
    this.#publish({ kind: 'gap', st: toUs, epoch: this.epoch, ...gap })
    this.#options.onNote({ kind: 'gap', cid: gap.cid, tt: gap.tt, fromUs: gap.fromUs, toUs: gap.toUs, reason: gap.reason })
    return true
  }

  #publishConnection(state: 'connected' | 'disconnected', reason: string, code: number | undefined, port: number): void {
    const { host } = this.#options.gateway
    this.#publish({ kind: 'connection', ...this.#head(), state, host, port, reason, ...(code === undefined ? {} : { code }) })
  }

  #head(): { st: number; epoch: number } {
    return { st: this.#options.clock.stampUs(), epoch: this.epoch }
  }

  #publish(event: RecorderEvent): void {
    this.#options.publisher.add({ subject: eventSubject(event.kind), line: JSON.stringify(event), event: true })
  }

  #later(ms: number, work: () => void): void {
    this.#sessionTimers.push(setTimeout(() => this.#guard(work), ms))
  }

  #become(state: GatewayState, reason: string, code: number | undefined, port: number): void {
    if (state === this.state && state !== 'connecting') return
    this.state = state
    this.#options.onNote({ kind: 'gateway', state, reason, code, host: this.#options.gateway.host, port })
  }
}
