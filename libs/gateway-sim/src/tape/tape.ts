import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, US_PER_MS } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MarketSource } from '../market/market-source.ts'
import { MidPoints } from '../market/mid-points.ts'
import type { Tick, TickKind } from '../market/tick.ts'
import { Bell } from './bell.ts'
import { type Subscription, SubscriptionBook, type TickSink } from './subscription.ts'
import { TapeTime } from './tape-time.ts'
import { tickFrame, tickFrameTail } from './tick-frame.ts'
import { truthLine, truthTail } from './truth-line.ts'
import type { TruthLog } from './truth-log.ts'

/** `waiting` for its first listeners · `running` · `held` because nobody listens · `ended` after the last tick · `failed`: the source cannot go on. */
export type TapeState = 'waiting' | 'running' | 'held' | 'ended' | 'failed'

export interface TapeSettings {
  readonly source: MarketSource
  readonly clock: Clock
  readonly truth: TruthLog
  readonly log: Log
  /** Subscriptions that must stand before the first tick. */
  readonly startAfter: number
  /** What a started tape does while nobody is subscribed. */
  readonly withoutListeners: 'goOn' | 'hold'
}

/** Takes ticks from the source when they are due and gives each to the subscriptions it belongs to. */
export class Tape {
  readonly #settings: TapeSettings
  readonly #book = new SubscriptionBook()
  readonly #time: TapeTime
  readonly #bell = new Bell()
  readonly #midPoints = new MidPoints()
  /** Sinks that got something in the last turn. */
  readonly #touched = new Set<TickSink>()
  #pending: readonly Tick[] = []
  #sourceEnded = false
  #nextUs = 0
  #state: TapeState = 'waiting'
  #sentTicks = 0
  #stopped = false

  constructor(settings: TapeSettings) {
    this.#settings = settings
    this.#time = new TapeTime(settings.clock)
  }

  get state(): TapeState {
    return this.#state
  }

  /** Frames handed to sockets; a tick that two subscriptions get counts twice. */
  get sentTicks(): number {
    return this.#sentTicks
  }

  get subscriptions(): number {
    return this.#book.count
  }

  subscribe(subscription: Subscription): void {
    this.#book.add(subscription)
    this.#settings.source.listen(subscription.contract, this.#time.moment())
    this.#bell.ring()
  }

  unsubscribe(subscription: Subscription): void {
    this.#book.remove(subscription)
    this.#bell.ring()
  }

  /** A socket drained or went away. */
  wake(): void {
    this.#bell.ring()
  }

  stop(): void {
    this.#stopped = true
    this.#bell.ring()
  }

  /** Plays until the source ends or `stop()`. A source that fails ends the tape, not the gateway: clients see silence. */
  async run(): Promise<void> {
    try {
      while (!this.#stopped && this.#state !== 'ended') await this.#turn()
    } catch (error) {
      this.#become('failed', { error: messageOf(error) })
    }
  }

  async #turn(): Promise<void> {
    if (!this.#mayPlay()) return this.#bell.wait(Number.POSITIVE_INFINITY)
    if (this.#pending.length === 0 && !this.#sourceEnded) {
      const due = await this.#settings.source.due(this.#time.moment())
      this.#pending = due.ticks
      this.#sourceEnded = due.ended
      this.#nextUs = due.nextUs
      // The last listener may have left while the source was read; a held tape then keeps the ticks.
      if (!this.#mayPlay()) return
    }
    const delivered = this.#pending.length
    this.#deliver(this.#pending)
    this.#pending = []
    if (this.#sourceEnded) return this.#become('ended', { sent: this.#sentTicks })
    const waitUs = this.#nextUs - this.#time.moment().tapeUs
    await (delivered > 0 || waitUs <= 0 ? nextTurn() : this.#bell.wait(Math.ceil(waitUs / US_PER_MS)))
  }

  #mayPlay(): boolean {
    const { startAfter, withoutListeners, source } = this.#settings
    if (this.#state === 'waiting' && this.#book.count < startAfter) return false
    if (withoutListeners === 'hold' && this.#book.count === 0) {
      this.#become('held')
      return false
    }
    this.#become('running')
    return source.pace === 'clock' || ![...this.#touched].some((sink) => sink.congested)
  }

  #become(state: TapeState, facts: Readonly<Record<string, unknown>> = {}): void {
    if (state === this.#state) return
    this.#state = state
    if (state === 'running') this.#time.start()
    else if (this.#time.running) this.#time.pause()
    this.#settings.log(state === 'failed' ? 'error' : 'info', `tape ${state}`, facts)
  }

  #deliver(ticks: readonly Tick[]): void {
    this.#touched.clear()
    for (const tick of ticks) {
      this.#give(tick.kind, tick)
      this.#giveDerived(tick)
    }
    for (const sink of this.#touched) sink.flushTicks()
  }

  #giveDerived(tick: Tick): void {
    const { source } = this.#settings
    if (tick.kind === 'all_last' && !tick.unreported && !source.carries(tick.conId, 'last')) this.#give('last', tick)
    if (tick.kind !== 'bid_ask' || source.carries(tick.conId, 'mid_point')) return
    const mid = this.#midPoints.after(tick)
    if (mid !== undefined) this.#give('mid_point', mid)
  }

  #give(kind: TickKind, tick: Tick): void {
    const subscriptions = this.#book.matching(tick.conId, kind)
    if (subscriptions.length === 0) return
    const frame = tickFrameTail(kind, tick)
    const truth = truthTail(tick)
    for (const { sink, requestId } of subscriptions) {
      if (!sink.queueTick(tickFrame(requestId, frame))) continue
      this.#touched.add(sink)
      this.#sentTicks++
      this.#settings.truth.append(truthLine(kind, requestId, tick, truth))
    }
  }
}
