import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, nuid, type Subscription } from '@nats-io/nats-core'
import { type Bus, beginAttempt, pause, unlessAborted } from './connection.ts'
import { nextMessage } from './log-look.ts'
import { type Delivery, type LogMessage, readDelivery } from './log-message.ts'
import { TICKS } from './stream-configs.ts'
import { readLog } from './streams.ts'

/** Asked for at once: so many messages, or fewer where they are large. */
const PULL_MOST_MESSAGES = 500
const PULL_BYTES = 2 ** 20
/** With so much waiting for the caller nothing more is asked for. */
const MOST_WAITING_MESSAGES = 2_000
const MOST_WAITING_BYTES = 2 * PULL_BYTES
/** What a message is taken to be before one came: as large as the publisher makes them. */
const LARGE_MESSAGE_BYTES = 64 * 1024
/** Of the mean of their sizes a new one counts for this share. */
const NEWEST_COUNTS = 1 / 8
const PULL_EXPIRES_MS = 5_000
/** A pull that is neither filled nor ended this long after its end: the consumer is gone. */
const SILENT_AFTER_MS = PULL_EXPIRES_MS + 2_000
const CONSUMER_KEPT_MS = 60_000
/** So long it is taken for granted that nothing was trimmed that is on its way: trimming takes what is old, or what everybody has. */
const UNCUT_FOR_MS = 1_000
const RETRY_FIRST_MS = 100
const RETRY_MOST_MS = 5_000
const NS_PER_MS = 1_000_000

export type ReaderState = 'connecting' | 'following' | 'holding' | 'closed'

export interface LogReaderOptions {
  bus: Bus
  /** Stored subjects, e.g. `ticks.2.>`. */
  filter: string
  /** First sequence wanted. */
  fromSeq: number
  /** The log must be this spool's; a log of another one is waited out. */
  spoolId?: string
  signal: AbortSignal
  onState?: (state: ReaderState, reason: string) => void
  /** The log no longer holds what was asked for: it begins at `firstSeq`. */
  onCut?: (wantedSeq: number, firstSeq: number) => void
}

export interface LogReader {
  readonly state: ReaderState
  /** Messages in log order, each once, in batches that are never empty; ends when the signal aborts (with its reason). */
  batches(): AsyncIterable<readonly LogMessage[]>
  /**
   * Sequence up to which this filter has nothing that the caller of `batches` is not done with (it has asked for the next), or undefined when that cannot be
   * said now. The log's end is read before the rest: in the other order a message stored in between would be passed over.
   */
  caughtUpTo(): Promise<number | undefined>
  /** Messages of this filter that the log has and the caller has not got, for people to look at; undefined when that cannot be said now. */
  pending(): Promise<number | undefined>
}

/**
 * Follows one filter of the log in order, across lost deliveries, reconnections and restarts of the server. No acknowledgements: the caller's own position
 * is the only one. While the log ends below `fromSeq - 1` (it lost its tail) the reader holds until ingest has refilled it.
 */
export function openLogReader(options: LogReaderOptions): LogReader {
  return new PullReader(options)
}

class PullReader implements LogReader {
  state: ReaderState = 'connecting'
  #options: LogReaderOptions
  /** First sequence that did not come yet. */
  #nextSeq: number
  /** First sequence that the caller does not have, nor knows to be cut. */
  #wantedSeq: number
  #waiting: LogMessage[] = []
  #waitingBytes = 0
  #meanBytes = LARGE_MESSAGE_BYTES
  /** The caller works on a batch. */
  #taken = false
  #wake = Promise.withResolvers<void>()

  #consumer: string | undefined
  #subscription: Subscription | undefined
  #inbox = ''
  /** Messages that the server may still send for our requests. */
  #asked = 0
  #pullCount = 0
  #consumerSeq = 0
  /** The consumer had more after the last message. */
  #isBehind = false
  /** It had so after the last message that the caller took. */
  #wasBehind = false
  /** When it was last asked where the log begins, and nothing wanted was cut. */
  #uncutMs = Number.NEGATIVE_INFINITY
  #heardMs = 0
  #broken = true

  constructor(options: LogReaderOptions) {
    this.#options = options
    this.#nextSeq = options.fromSeq
    this.#wantedSeq = options.fromSeq
  }

  async *batches(): AsyncGenerator<readonly LogMessage[]> {
    const { bus, signal } = this.#options
    const interrupt = () => this.#wake.resolve()
    const offChange = bus.onChange(() => this.#breakOff('the connection changed'))
    const watchdog = setInterval(() => this.#checkSilence(), PULL_EXPIRES_MS / 5)
    signal.addEventListener('abort', interrupt)
    try {
      for (;;) {
        signal.throwIfAborted()
        if (this.#waiting.length > 0) {
          this.#taken = true
          const batch = await this.#takeWaiting()
          if (batch.length > 0) yield batch
          this.#taken = false
        }
        if (this.#broken) await this.#attach()
        this.#pull()
        if (this.#waiting.length === 0 && !this.#broken) await this.#sleep()
      }
    } finally {
      signal.removeEventListener('abort', interrupt)
      clearInterval(watchdog)
      offChange()
      this.#detach()
      this.#become('closed', 'closed')
    }
  }

  async caughtUpTo(): Promise<number | undefined> {
    const { bus, filter, signal } = this.#options
    const [consumer, nextSeq] = [this.#consumer, this.#nextSeq]
    const atRest = () =>
      !this.#broken && consumer === this.#consumer && nextSeq === this.#nextSeq && this.#waiting.length === 0 && !this.#taken
    if (!consumer || !atRest()) return undefined
    const log = await unlessAborted(readLog(bus.manager), signal)
    if (!log || log.lastSeq < nextSeq - 1) return undefined
    // The store itself is asked: a consumer's num_pending trails what is stored (tried on 2.10.27 under load: 29 of 6000 answers).
    const next = log.lastSeq >= nextSeq ? await unlessAborted(nextMessage(bus.manager, { filter, fromSeq: nextSeq }), signal) : undefined
    if (!atRest() || (next !== undefined && next.seq <= log.lastSeq)) return undefined
    this.#nextSeq = log.lastSeq + 1 // a quiet filter would look cut after a purge of what others have long taken
    this.#wantedSeq = this.#nextSeq
    return log.lastSeq
  }

  async pending(): Promise<number | undefined> {
    const { bus, signal } = this.#options
    if (!this.#consumer || this.#broken) return undefined
    const info = await unlessAborted(bus.manager.consumers.info(TICKS, this.#consumer), signal)
    const onTheWay = Math.max(0, info.delivered.consumer_seq - this.#consumerSeq)
    return this.#broken || info.name !== this.#consumer ? undefined : info.num_pending + onTheWay + this.#waiting.length
  }

  /** What came, when it is sure that nothing before it was trimmed meanwhile; the server passes over that without a word. */
  async #takeWaiting(): Promise<readonly LogMessage[]> {
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    // Where all but these was trimmed, the consumer has nothing after them, but it had before them. What is stored while requests stand comes at once, too young to be trimmed.
    const mayBeCut = this.#wasBehind || this.#isBehind
    this.#wasBehind = this.#isBehind
    if (mayBeCut || performance.now() - this.#uncutMs > UNCUT_FOR_MS) {
      const begunMs = performance.now()
      const firstSeq = await this.#firstSeqNow()
      if (firstSeq === undefined) {
        this.#beginAgain('it cannot be asked where the log begins')
        return []
      }
      this.#uncutMs = begunMs
      this.#passCut(firstSeq)
    }
    const left = batch[0] && batch[0].seq >= this.#wantedSeq ? batch : batch.filter(({ seq }) => seq >= this.#wantedSeq)
    this.#wantedSeq = Math.max(this.#wantedSeq, (batch.at(-1)?.seq ?? 0) + 1)
    return left
  }

  async #firstSeqNow(): Promise<number | undefined> {
    const { bus, signal } = this.#options
    const log = await unlessAborted(readLog(bus.manager), signal).catch(() => undefined)
    signal.throwIfAborted()
    return log?.firstSeq
  }

  #passCut(firstSeq: number): void {
    if (firstSeq <= this.#wantedSeq) return
    this.#options.onCut?.(this.#wantedSeq, firstSeq)
    this.#wantedSeq = firstSeq
    this.#nextSeq = Math.max(this.#nextSeq, firstSeq)
  }

  /** Forgets what came and is not given yet: it is read again. */
  #beginAgain(reason: string): void {
    this.#waiting = []
    this.#waitingBytes = 0
    this.#nextSeq = this.#wantedSeq
    this.#breakOff(reason)
  }

  async #sleep(): Promise<void> {
    await this.#wake.promise
    this.#wake = Promise.withResolvers<void>()
  }

  /** Makes a consumer that begins at the next wanted sequence; tries until it stands or the signal aborts. */
  async #attach(): Promise<void> {
    const { bus, signal } = this.#options
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MOST_MS)) {
      this.#detach()
      using attempt = beginAttempt(bus, signal)
      try {
        if (await this.#logIsReady(attempt.signal)) {
          await this.#createConsumer(attempt.signal)
          return this.#become('following', `from ${this.#nextSeq}`)
        }
      } catch (error) {
        signal.throwIfAborted()
        this.#become('connecting', String(error))
        if (!attempt.signal.aborted) bus.moveOn()
      }
      await pause(waitMs * (0.5 + Math.random()), attempt.signal).catch(() => signal.throwIfAborted())
    }
  }

  async #logIsReady(attempt: AbortSignal): Promise<boolean> {
    const { bus, spoolId } = this.#options
    const log = await unlessAborted(readLog(bus.manager), attempt)
    if (!log) this.#become('holding', 'there is no log yet')
    else if (spoolId !== undefined && log.owner.spoolId !== spoolId)
      this.#become('holding', `the log belongs to spool ${log.owner.spoolId}, these files to ${spoolId}`)
    else if (log.lastSeq < this.#nextSeq - 1)
      this.#become('holding', `the log ends at ${log.lastSeq}, wanted is ${this.#nextSeq}: it lost its tail`)
    else {
      this.#passCut(log.firstSeq)
      this.#uncutMs = Number.NEGATIVE_INFINITY // more may be trimmed before the consumer stands
      return true
    }
    return false
  }

  async #createConsumer(attempt: AbortSignal): Promise<void> {
    const { bus, filter } = this.#options
    const name = `ibs-${nuid.next()}` // a name used before would still have its old start for a while
    const created = bus.manager.consumers.add(TICKS, {
      name,
      filter_subject: filter,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#nextSeq,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: CONSUMER_KEPT_MS * NS_PER_MS,
    })
    await unlessAborted(created, attempt)
    this.#inbox = createInbox(bus.inboxPrefix)
    this.#subscription = bus.connection.subscribe(`${this.#inbox}.*`, { callback: (_, message) => this.#onMessage(message) })
    this.#consumer = name
    this.#consumerSeq = 0
    this.#asked = 0
    this.#broken = false
  }

  #detach(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
    const { bus } = this.#options
    if (this.#consumer && bus.state === 'connected') bus.manager.consumers.delete(TICKS, this.#consumer).catch(() => undefined) // else the server drops it by itself
    this.#consumer = undefined
    this.#broken = true
  }

  /**
   * Keeps up to two requests' worth of messages asked for as long as the caller takes what comes. Bounded in bytes, for what is on its way lies in the memory of both
   * sides, once for each partition, and the server cuts off a client for which too much has come together.
   */
  #pull(): void {
    const batch = Math.max(1, Math.min(PULL_MOST_MESSAGES, Math.floor(PULL_BYTES / this.#meanBytes)))
    const hasRoom = this.#waiting.length < MOST_WAITING_MESSAGES && this.#waitingBytes < MOST_WAITING_BYTES
    while (!this.#broken && hasRoom && this.#asked <= batch) {
      const reply = `${this.#inbox}.${++this.#pullCount}`
      this.#asked += batch
      this.#heardMs = performance.now()
      const request = JSON.stringify({ batch, expires: PULL_EXPIRES_MS * NS_PER_MS })
      this.#options.bus.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${TICKS}.${this.#consumer}`, request, { reply })
    }
  }

  #onMessage(message: Msg): void {
    if (this.#broken) return
    this.#heardMs = performance.now()
    const delivery = readDelivery(message)
    if (!delivery) this.#onStatus(message)
    else if (delivery.consumerSeq !== this.#consumerSeq + 1 || delivery.message.seq < this.#nextSeq) this.#breakOff('a delivery was lost')
    else this.#take(delivery)
  }

  #take({ message, consumerSeq, pending }: Delivery): void {
    this.#consumerSeq = consumerSeq
    this.#isBehind = pending > 0
    this.#nextSeq = message.seq + 1
    this.#waiting.push(message)
    this.#waitingBytes += message.payload.length
    this.#meanBytes += (message.payload.length - this.#meanBytes) * NEWEST_COUNTS
    this.#asked -= 1
    this.#wake.resolve()
  }

  /** 408: the request ran out, and says how much of it was left (the server fills open requests in turn); 409: it is ended; 503: nobody there. */
  #onStatus(message: Msg): void {
    const code = message.headers?.code
    if (code === 408) {
      this.#asked -= Number(message.headers?.get('Nats-Pending-Messages'))
      this.#wake.resolve()
    } else if (code !== 100) this.#breakOff(`the server ended the request: ${code} ${message.headers?.description}`)
  }

  #checkSilence(): void {
    if (!this.#broken && this.#asked > 0 && performance.now() - this.#heardMs > SILENT_AFTER_MS) this.#breakOff('the server is silent')
  }

  #breakOff(reason: string): void {
    if (!this.#broken) this.#become('connecting', reason)
    this.#broken = true
    this.#wake.resolve()
  }

  #become(state: ReaderState, reason: string): void {
    if (state === this.state) return
    this.state = state
    this.#options.onState?.(state, reason)
  }
}
