import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, timerMs } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MarketSource } from '../market/market-source.ts'
import { MidPoints } from '../market/mid-points.ts'
import { PriceChanges } from '../market/price-changes.ts'
import { laterTick, pricierTick } from '../market/shifted-tick.ts'
import type { Tick, TickKind } from '../market/tick.ts'
import { Bell } from './bell.ts'
import { type Subscription, SubscriptionBook, type TickSink } from './subscription.ts'
import { TapeTime } from './tape-time.ts'
import { tickFrame, tickFrameTail } from './tick-frame.ts'
import { sentTo, truthLine, truthTail } from './truth-line.ts'
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
  /** Added to the stamps of all ticks that are sent, µs. */
  stampOffsetUs = 0
  readonly #settings: TapeSettings
  readonly #book = new SubscriptionBook()
  readonly #time: TapeTime
  readonly #bell = new Bell()
  readonly #midPoints = new MidPoints()
  readonly #priceChanges = new PriceChanges()
  /** Sinks that got something in the last turn. */
  readonly #touched = new Set<TickSink>()
  /** The source was asked, and its ticks are not given yet; what is subscribed to by `join` waits for that. */
  #reading = false
  readonly #joining: (() => void)[] = []
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

  get standing(): readonly Subscription[] {
    return this.#book.all
  }

  subscribe(subscription: Subscription): void {
    this.#book.add(subscription)
    if (this.#state === 'waiting') this.#startIfAwaited()
    else this.#settings.source.listen(subscription.contract, this.#time.moment())
    this.#bell.ring()
  }

  /**
   * Subscribes between two turns, so that a mark taken in `atMark` parts what was given out from what this subscription gets. Its ticks wait in its backlog
   * until `release`.
   */
  join(subscription: Subscription, atMark: () => void): void {
    subscription.backlog = []
    const work = () => {
      if (subscription.over) return
      this.subscribe(subscription)
      atMark()
    }
    if (this.#reading) this.#joining.push(work)
    else work()
  }

  /** Hands over what has waited; from now on ticks go out at once. */
  release(subscription: Subscription): void {
    const ticks = subscription.over ? [] : (subscription.backlog ?? [])
    subscription.backlog = undefined
    for (const tick of ticks) this.#send(subscription.kind, subscription, tick, tickFrameTail(subscription.kind, tick), truthTail(tick))
    subscription.sink.flushTicks()
  }

  unsubscribe(subscription: Subscription): void {
    subscription.over = true
    if (!this.#book.remove(subscription)) return
    const { conId } = subscription.contract
    if (!this.#book.has(conId)) this.#settings.source.unlisten(conId)
    this.#bell.ring()
  }

  /** A socket drained or went away, or the source has something new. */
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
    const { source, clock } = this.#settings
    this.#reading = true
    const { ticks, nextUs, ended } = await source.due(this.#time.moment())
    // The last listener may have left while the source was read.
    if (source.takeBack !== undefined && !this.#mayPlay()) {
      source.takeBack()
      return this.#endReading()
    }
    this.#deliver(ticks)
    this.#endReading()
    if (ended) return this.#become('ended', { sent: this.#sentTicks })
    const waitUs = nextUs - this.#time.moment().tapeUs
    await (ticks.length > 0 || waitUs <= 0 ? nextTurn() : this.#bell.wait(timerMs(clock, waitUs)))
  }

  #endReading(): void {
    this.#reading = false
    for (const work of this.#joining.splice(0)) work()
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
    if (state === 'running') this.#start()
    else if (this.#time.running) this.#time.pause()
    this.#settings.log(state === 'failed' ? 'error' : 'info', `tape ${state}`, facts)
  }

  /** At once, not in the next turn: what joins goes on from a mark that is taken now. */
  #startIfAwaited(): void {
    if (this.#book.count >= this.#settings.startAfter) this.#become('running')
  }

  /** What was subscribed to before the tape starts is listened to from there on, not from when it was asked for. */
  #start(): void {
    this.#time.start()
    for (const { contract } of this.#book.all) this.#settings.source.listen(contract, this.#time.moment())
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
    // Every trade of Last is one of AllLast too.
    if (tick.kind === 'last' && !source.carries(tick.conId, 'all_last')) this.#give('all_last', tick)
    if (tick.kind !== 'bid_ask' || source.carries(tick.conId, 'mid_point')) return
    const mid = this.#midPoints.after(tick)
    if (mid !== undefined) this.#give('mid_point', mid)
  }

  #give(kind: TickKind, made: Tick): void {
    const subscriptions = this.#book.matching(made.conId, kind)
    if (subscriptions.length === 0) return
    const tick = laterTick(made, this.stampOffsetUs)
    const frame = tickFrameTail(kind, tick)
    const truth = truthTail(tick)
    const sizeOnly = tick.kind === 'bid_ask' && subscriptions.some(({ ignoreSize }) => ignoreSize) && !this.#priceChanges.moved(tick)
    for (const subscription of subscriptions) {
      const { silences, ignoreSize, backlog } = subscription
      if (silences.size > 0 || (sizeOnly && ignoreSize)) continue
      if (backlog === undefined) this.#send(kind, subscription, tick, frame, truth)
      else backlog.push(tick)
    }
  }

  #send(kind: TickKind, subscription: Subscription, tick: Tick, frame: string, truth: string): void {
    if (subscription.priceOffset === 0) return this.#hand(kind, subscription, tick, frame, truth)
    const moved = pricierTick(tick, subscription.priceOffset)
    this.#hand(kind, subscription, moved, tickFrameTail(kind, moved), truthTail(moved))
  }

  #hand(kind: TickKind, { sink, requestId }: Subscription, tick: Tick, frame: string, truth: string): void {
    if (!sink.queueTick(tickFrame(requestId, frame))) return
    this.#touched.add(sink)
    this.#sentTicks++
    this.#settings.truth.append(truthLine(kind, requestId, tick, sentTo(sink.clientId) + truth))
  }
}
