import { eventSubject, failPoint, type LostEvent } from '@ib-stream/model'
import type { Msg, Subscription } from '@nats-io/nats-core'
import { readAck } from './ack.ts'
import { type Bus, beginAttempt, pause, unlessAborted } from './connection.ts'
import { findDisplaced } from './displaced.ts'
import { BusError } from './errors.ts'
import { logHead } from './log-head.ts'
import { LogMeeting } from './log-meeting.ts'
import { purgeAtRest } from './purge-at-rest.ts'
import { RecordCache } from './record-cache.ts'
import type { Spool } from './spool.ts'
import type { SpoolRecord } from './spool-record.ts'
import type { LogOwner } from './stream-configs.ts'

/** Messages on their way at once. */
const WINDOW = 1_000
/** Their bytes at once, so that a slow server does not fill our memory with what waits for its socket. */
const WINDOW_BYTES = 16 * 2 ** 20
/** A silence this long means that something is lost; it doubles while the server is only slow. */
const ACK_WITHIN_MS = 3_000
const ACK_WITHIN_MOST_MS = 30_000
const RETRY_FIRST_MS = 100
/** A log that has no leader now gets one within seconds, and is looked for on the next server. */
const RETRY_MOST_MS = 1_000
/** How often a full log is tried with one message. */
const RETRY_FULL_MS = 1_000
/** What was sent before a break is answered within this or never: a server that is only slow answers in turn. */
const ANSWERED_WITHIN_MS = 2_000
const ANSWERED_LOOK_MS = 5
/** How often it is looked whether the spool has made durable what it was given. */
const SPOOLED_LOOK_MS = 5

export type ChainState = 'connecting' | 'sending' | 'log_full' | 'refused'

/**
 * What the chain met. `foreign`: the log is ahead of the spool by messages of somebody else; `displaced`: such messages took numbers of ours, whose lines were
 * spooled anew behind all others; `rolled_back`: the log no longer has what it had confirmed, and gets it again from the spool; `refill`: the log lost what the spool
 * no longer has either, and `lost` events take its place. The last two are told when the log has taken such a number again: a server may say of the log what is no longer so.
 */
export type ChainEvent =
  | { kind: 'foreign'; lastSeq: number; end: number }
  | { kind: 'displaced'; seqs: readonly number[] }
  | { kind: 'rolled_back'; fromSeq: number; toSeq: number }
  | { kind: 'refill'; fromSeq: number; toSeq: number }

export interface ChainOptions {
  bus: Bus
  spool: Spool
  source: string
  logMaxBytes: number
  /** Servers that keep each stream. */
  replicas: number
  /** Spools these again under new numbers, and resolves when that is durable. */
  respool: (records: readonly SpoolRecord[]) => Promise<void>
  onEvent: (event: ChainEvent) => void
  onState: (reason: string) => void
}

/**
 * Brings the spool's messages into the log. Message n of the spool is sequence n of the log, for ever: it carries `Nats-Expected-Last-Sequence: n-1`, so the
 * server refuses whatever would overtake, double, or come from a second publisher; after each refusal or silence the chain asks the log where it stands.
 */
export class LogChain {
  #options: ChainOptions
  #spool: Spool
  #owner: LogOwner
  #meeting: LogMeeting
  #stop = new AbortController()
  #offChange: () => void
  #ackTimer: NodeJS.Timeout

  #cache = new RecordCache()
  /** Bytes sent up to each number, for those that may be on their way. */
  #sentBytesAt = new Float64Array(2 * WINDOW)
  #sentBytes = 0
  /** Numbers whose lines were spooled again. */
  #moved = new Set<number>()
  #acknowledged: number
  /** Newest number that the log ever confirmed and is not known to have lost. */
  #confirmedMost: number
  /** What the log seems to have lost since; its next confirmation proves it. */
  #unproven: ChainEvent[] = []
  #sent = 0
  #durable: number
  /** Newest number on this connection that was answered at all; answers come in turn. */
  #answered = 0
  /** Where the server took the log to end when it refused the last message. */
  #endWhenRefused: number | undefined
  /** Callers that want nothing on its way. */
  #holds = 0

  /** The log has said where it stands on this connection, and its confirmations are listened to. */
  #linked = false
  #logFull = false
  #refused = false
  #lastSyncMs = Number.NEGATIVE_INFINITY

  #generation = 0
  #acks: Subscription | undefined
  #ackInbox = ''
  #lastAckMs = 0
  #patienceMs = ACK_WITHIN_MS
  #syncing: Promise<void> | undefined
  #sending = false

  constructor(options: ChainOptions) {
    this.#options = options
    this.#spool = options.spool
    this.#owner = { spoolId: options.spool.id, source: options.source }
    this.#meeting = new LogMeeting({
      ...options,
      owner: this.#owner,
      hasLostCount: (lastSeq) => this.#hasLostCount(lastSeq),
      onRefused: (error) => this.#refuse(error),
    })
    this.#durable = options.spool.end
    this.#acknowledged = options.spool.low - 1
    this.#confirmedMost = this.#acknowledged
    this.#offChange = options.bus.onChange((state) => (state === 'connected' ? this.resync('connection is back') : this.#loseConnection()))
    this.#ackTimer = setInterval(() => this.#checkAcks(), ACK_WITHIN_MS / 3)
  }

  /** Asks the log where it stands and goes on from there; again and again, with growing pauses, until it answers. */
  resync(reason: string): void {
    if (this.#stop.signal.aborted || this.#refused) return
    this.#unlink(reason)
    this.#syncing ??= this.#syncUntilDone()
      .catch(() => undefined) // the stop signal ends it, or a connection that came back
      .finally(() => {
        this.#syncing = undefined
        if (!this.#linked) this.resync('interrupted')
      })
  }

  get state(): ChainState {
    if (this.#refused) return 'refused'
    if (this.#logFull) return 'log_full'
    return this.#linked ? 'sending' : 'connecting'
  }

  /** Newest number that the log has confirmed. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Sends records that are durable in the spool from now on; their numbers go on from the last ones. */
  offer(records: readonly SpoolRecord[]): void {
    this.#durable = Math.max(this.#durable, records.at(-1)?.n ?? 0)
    this.#cache.keep(records, this.#sent + 1)
    this.#send()
  }

  /** Drops from the log all below `belowSeq`, with nothing on its way meanwhile. @throws BusError `IBS_BUS_LOG_BUSY` when the log does not come to rest; what the server says */
  async trim(belowSeq: number): Promise<void> {
    this.#holds += 1
    try {
      const isAtRest = () => this.#linked && this.#sent <= this.#acknowledged
      await purgeAtRest(this.#options.bus, belowSeq, { isAtRest, state: () => this.state, signal: this.#stop.signal })
    } finally {
      this.#holds -= 1
      this.#send()
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('publisher closed'))
    this.#unlink('closed')
    this.#offChange()
    clearInterval(this.#ackTimer)
    this.#acks?.unsubscribe()
    await this.#syncing
  }

  #send(): void {
    if (this.#sending || !this.#linked) return
    this.#sending = true
    const generation = this.#generation
    void this.#sendWindow(generation)
      .catch((error: unknown) => (error instanceof BusError ? this.#refuse(error) : this.resync(String(error))))
      .finally(() => {
        this.#sending = false
        if (this.#sent < this.#limit() && this.#hasRoom()) this.#send() // turned away meanwhile, because this was still at work
      })
  }

  async #sendWindow(generation: number): Promise<void> {
    while (this.#linked && generation === this.#generation && this.#sent < this.#limit() && this.#hasRoom()) {
      const records = this.#cache.from(this.#sent + 1, WINDOW) ?? (await this.#readBack(this.#sent + 1))
      if (generation !== this.#generation) return
      const upTo = this.#limit()
      for (const record of records) {
        while (this.#sent + 1 < record.n && this.#sent < upTo) this.#publish(this.#lost(this.#sent + 1))
        if (this.#sent >= upTo || !this.#hasRoom()) break
        this.#publish(record)
      }
      if (records.length === 0) while (this.#sent < upTo) this.#publish(this.#lost(this.#sent + 1))
    }
  }

  /** Newest number that may be on its way. */
  #limit(): number {
    if (this.#holds > 0) return this.#sent
    return Math.min(this.#durable, this.#acknowledged + (this.#logFull ? 1 : WINDOW))
  }

  /** False while as many bytes are on their way as may be. */
  #hasRoom(): boolean {
    if (this.#sent === this.#acknowledged) return true
    return this.#sentBytes - (this.#sentBytesAt[this.#acknowledged % this.#sentBytesAt.length] ?? 0) < WINDOW_BYTES
  }

  async #readBack(n: number): Promise<SpoolRecord[]> {
    const records = await this.#spool.readFrom(n)
    this.#cache.replaceBy(records)
    return records
  }

  /** Takes the place of a message that neither spool nor log can give back: a number never means another message. */
  #lost(n: number): SpoolRecord {
    const event: LostEvent = { kind: 'lost', st: Date.now() * 1_000, epoch: 0, seq: n }
    return { n, subject: eventSubject('lost'), payload: Buffer.from(`${JSON.stringify(event)}\n`) }
  }

  #publish(record: SpoolRecord): void {
    failPoint('send')
    const options = { reply: `${this.#ackInbox}.${record.n}`, headers: logHead(record.n, record.batch) }
    this.#options.bus.connection.publish(record.subject, record.payload, options)
    if (this.#sent === this.#acknowledged) this.#lastAckMs = performance.now()
    this.#sent = record.n
    this.#sentBytes += record.payload.length
    this.#sentBytesAt[record.n % this.#sentBytesAt.length] = this.#sentBytes
  }

  #onAck(message: Msg, generation: number): void {
    const n = Number(message.subject.slice(this.#ackInbox.length + 1))
    const ack = readAck(message)
    this.#answered = n
    if (ack.kind === 'refused') this.#endWhenRefused = ack.end
    if (generation !== this.#generation) return
    failPoint('ack')
    if (ack.kind === 'refused') {
      this.#logFull ||= ack.full
      if (ack.unheard) this.#options.bus.moveOn()
      this.resync(ack.reason)
    } else if (ack.seq !== n) this.#refuse(numberTaken(n, ack.seq))
    else if (n > this.#acknowledged + 1) this.resync(`number ${n} is confirmed and ${this.#acknowledged + 1} is not`)
    else this.#confirm(n)
  }

  #confirm(n: number): void {
    if (this.#unproven.length > 0) this.#tellProven(n)
    this.#confirmedMost = Math.max(this.#confirmedMost, n)
    this.#lastAckMs = performance.now()
    this.#patienceMs = ACK_WITHIN_MS
    this.#acknowledged = Math.max(this.#acknowledged, n)
    if (this.#logFull) {
      this.#logFull = false
      this.#options.onState('the log has room again')
    }
    this.#cache.forgetThrough(this.#acknowledged)
    this.#send()
  }

  /** Only a log that ends at `n - 1` takes number n. */
  #tellProven(n: number): void {
    this.#confirmedMost = n
    for (const event of this.#unproven.splice(0)) this.#options.onEvent(event)
  }

  #checkAcks(): void {
    const silent = this.#sent > this.#acknowledged && performance.now() - this.#lastAckMs > this.#patienceMs
    if (!this.#linked || !silent) return
    this.#options.bus.moveOn() // a leader that is cut off takes messages, answers nothing, and says for seconds that it leads
    this.resync(`no confirmation for ${this.#patienceMs} ms`)
    this.#patienceMs = Math.min(2 * this.#patienceMs, ACK_WITHIN_MOST_MS)
  }

  /** What was on its way is gone, or comes late and unheard. */
  #loseConnection(): void {
    this.#answered = this.#sent
    this.#endWhenRefused = undefined
    this.#unlink('connection lost')
  }

  #unlink(reason: string): void {
    this.#generation += 1
    this.#linked = false
    this.#options.onState(reason)
  }

  #refuse(error: BusError): void {
    this.#refused = true
    this.#unlink(error.message)
  }

  async #syncUntilDone(): Promise<void> {
    using attempt = beginAttempt(this.#options.bus, this.#stop.signal)
    const leastMs = this.#logFull ? RETRY_FULL_MS : RETRY_FIRST_MS
    await pause(Math.max(0, this.#lastSyncMs + leastMs - performance.now()), attempt.signal)
    await this.#untilAnswered(attempt.signal)
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MOST_MS)) {
      const generation = this.#generation
      this.#lastSyncMs = performance.now()
      try {
        const lastSeq = await unlessAborted(this.#meeting.meet(), attempt.signal)
        await unlessAborted(this.#moveDisplaced(lastSeq), attempt.signal)
        if (generation === this.#generation) return this.#goOnFrom(lastSeq)
      } catch (error) {
        if (error instanceof BusError) return this.#refuse(error)
        this.#options.onState(String(error))
        if (!attempt.signal.aborted) this.#options.bus.moveOn()
      }
      await pause(waitMs * (0.5 + Math.random()), attempt.signal)
    }
  }

  /** A server that is slow still has it before it, and would take it beside the same that is sent again. */
  async #untilAnswered(signal: AbortSignal): Promise<void> {
    const untilMs = performance.now() + ANSWERED_WITHIN_MS
    while (this.#answered < this.#sent && performance.now() < untilMs) await pause(ANSWERED_LOOK_MS, signal)
  }

  /** With nothing on its way: the server refused a message because it takes the log to end below its last one. */
  #hasLostCount(lastSeq: number): boolean {
    return this.#endWhenRefused !== undefined && this.#endWhenRefused < lastSeq && this.#answered >= this.#sent
  }

  /**
   * Between two messages of ours the log may have taken one of somebody else: the one whose number it has was refused, all after it were stored. Its lines are spooled
   * again under a new number, or they would count as stored by their number alone. That goes for a number that was given out and is not durable yet, too.
   */
  async #moveDisplaced(lastSeq: number): Promise<void> {
    const upToN = Math.min(lastSeq, this.#spool.end)
    if (lastSeq > this.#spool.end) this.#skipTo(lastSeq + 1) // at once: no line may get a number that is taken
    while ((this.#spool.firstWaiting ?? Number.POSITIVE_INFINITY) <= upToN) await pause(SPOOLED_LOOK_MS, this.#stop.signal)
    const afterN = Math.max(this.#acknowledged, upToN - 2 * WINDOW)
    const found = await findDisplaced(this.#options.bus.manager, this.#spool, { afterN, upToN, lastSeq })
    const displaced = found.filter(({ n }) => !this.#moved.has(n)) // an attempt that was broken off goes on all the same
    if (displaced.length === 0) return
    for (const { n } of displaced) this.#moved.add(n)
    await this.#options.respool(displaced)
    this.#options.onEvent({ kind: 'displaced', seqs: displaced.map(({ n }) => n) })
  }

  #skipTo(n: number): void {
    this.#options.onEvent({ kind: 'foreign', lastSeq: n - 1, end: this.#spool.end })
    this.#spool.skipTo(n)
    this.#durable = n - 1
  }

  #goOnFrom(lastSeq: number): void {
    const fromSeq = lastSeq + 1
    this.#unproven = []
    if (lastSeq < this.#confirmedMost) this.#unproven.push({ kind: 'rolled_back', fromSeq, toSeq: this.#confirmedMost })
    if (fromSeq < this.#spool.low) this.#unproven.push({ kind: 'refill', fromSeq, toSeq: this.#spool.low - 1 })
    this.#confirmedMost = Math.max(this.#confirmedMost, lastSeq)
    this.#acknowledged = lastSeq
    this.#sent = lastSeq
    this.#answered = lastSeq
    this.#endWhenRefused = undefined
    this.#sentBytesAt[lastSeq % this.#sentBytesAt.length] = this.#sentBytes
    this.#listenForAcks()
    this.#linked = true
    this.#options.onState(`the log is at ${lastSeq}, the spool at ${this.#spool.end}`)
    this.#send()
  }

  #listenForAcks(): void {
    const generation = ++this.#generation
    this.#acks?.unsubscribe()
    this.#ackInbox = `${this.#options.bus.inboxPrefix}.ibs.${this.#owner.spoolId}.${process.pid}.${generation}`
    this.#acks = this.#options.bus.connection.subscribe(`${this.#ackInbox}.*`, {
      callback: (_, message) => this.#onAck(message, generation),
    })
    this.#lastAckMs = performance.now()
  }
}

function numberTaken(n: number, seq: number): BusError {
  return new BusError(
    'IBS_BUS_NUMBER_TAKEN',
    `message ${n} became sequence ${seq} of the log; stop what else publishes to it, then restart ingest`,
    { n, seq },
  )
}
