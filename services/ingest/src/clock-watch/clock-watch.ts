import {
  type ClockEvent,
  type ClockHealth,
  type LagEvent,
  type TickMessage,
  type TickType,
  US_PER_HOUR,
  US_PER_MS,
  US_PER_SECOND,
} from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import { ClockOffset, type OffsetBounds, type TimeAnswer } from './clock-offset.ts'
import { StreamLag } from './stream-lag.ts'

/** Our clock and IB's differ from here on, and agree again within half of it. */
const DIFFERS_US = US_PER_SECOND
/** An offset that was told is told again when it has moved this far. */
const MOVED_US = US_PER_SECOND
/** Stamps of a stream that are older than IB's time by this, or younger, are not of now. */
const LATE_US = 5 * US_PER_SECOND
const AHEAD_US = 2 * US_PER_SECOND
/** Ticks whose stamps are this far from the present are a replay's. */
const REPLAYED_US = US_PER_HOUR
const LOOK_EVERY_MS = 10_000

export type ClockNews = Omit<ClockEvent, 'st' | 'epoch'> | Omit<LagEvent, 'st' | 'epoch'>

export interface ClockWatchOptions {
  clock: Clock
  onNews(news: ClockNews): void
  /** Lag of each live tick against IB's clock, for a histogram; µs. */
  onLag(tt: TickType, lagUs: number): void
}

interface Watched {
  cid: number
  tt: TickType
  lag: StreamLag
  isOff: boolean
  /** What the look before said: one alone may lie on both sides of a change of the clocks. */
  seemedOff: boolean
}

/**
 * Watches our clock against IB's, and the stamps of each stream against both. What was filled in from history and what is replayed is left out. Loop: one look each
 * ten seconds of the clock.
 */
export class ClockWatch {
  readonly #options: ClockWatchOptions
  readonly #offset = new ClockOffset()
  readonly #streams = new Map<number, Watched>()
  readonly #timer: Timer
  /** What was told last: undefined while the clocks agree. */
  #toldUs: number | undefined

  constructor(options: ClockWatchOptions) {
    this.#options = options
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => this.#look())
  }

  /** `unknown`: IB has not told the time yet. */
  get state(): 'unknown' | 'agrees' | 'differs' {
    if (!this.#offset.bounds) return 'unknown'
    return this.#toldUs === undefined ? 'agrees' : 'differs'
  }

  /** Our time minus IB's, µs; 0 as long as they may be the same. */
  get offsetUs(): number {
    const { bounds } = this.#offset
    return bounds && !holds(bounds, 0) ? middleOf(bounds) : 0
  }

  get bounds(): OffsetBounds | undefined {
    return this.#offset.bounds
  }

  /** Least lag of each stream when it was last looked at, µs of `st` − `ts`, as it was recorded. */
  get streamLags(): readonly { cid: number; tt: TickType; lagUs: number; isOff: boolean }[] {
    return [...this.#streams.values()].flatMap(({ cid, tt, lag, isOff }) =>
      lag.lagUs === undefined ? [] : [{ cid, tt, lagUs: lag.lagUs, isOff }],
    )
  }

  /** Everything at once. */
  get health(): ClockHealth {
    const { state, offsetUs, bounds, streamLags } = this
    return { state, offsetUs, ...(bounds && { bounds }), streams: streamLags }
  }

  hearTick({ ts, st, cid, tt, rid, bf }: TickMessage): void {
    const lagUs = st - ts
    const fromNowUs = lagUs - this.offsetUs
    if (bf || Math.abs(fromNowUs) > REPLAYED_US) return
    let stream = this.#streams.get(rid)
    if (!stream) {
      stream = { cid, tt, lag: new StreamLag(), isOff: false, seemedOff: false }
      this.#streams.set(rid, stream)
    }
    stream.lag.take(lagUs)
    this.#options.onLag(tt, fromNowUs)
  }

  hearTime(answer: TimeAnswer): void {
    const bounds = this.#offset.take(answer)
    const offsetUs = middleOf(bounds)
    if (this.#toldUs === undefined) {
      if (bounds.lowUs > DIFFERS_US || bounds.highUs < -DIFFERS_US) this.#tellOffset(offsetUs)
    } else if (bounds.lowUs <= DIFFERS_US / 2 && bounds.highUs >= -DIFFERS_US / 2) {
      this.#toldUs = undefined
      this.#options.onNews({ kind: 'clock', state: 'agrees', offsetUs, reason: 'our clock and IB’s agree again' })
    } else if (!holds({ lowUs: bounds.lowUs - MOVED_US, highUs: bounds.highUs + MOVED_US }, this.#toldUs)) this.#tellOffset(offsetUs)
  }

  /** The system's clock was set. */
  hearStep(byUs: number): void {
    this.#options.onNews({ kind: 'clock', state: 'set', offsetUs: byUs, reason: `the system's clock was set by ${secondsText(byUs)}` })
  }

  close(): void {
    this.#timer.cancel()
  }

  #tellOffset(offsetUs: number): void {
    this.#toldUs = offsetUs
    const reason = `our clock is ${secondsText(Math.abs(offsetUs))} ${offsetUs > 0 ? 'ahead of' : 'behind'} IB’s; look after the time service (NTP)`
    this.#options.onNews({ kind: 'clock', state: 'differs', offsetUs, reason })
  }

  #look(): void {
    const bounds = this.#offset.bounds
    if (!bounds) return
    for (const stream of this.#streams.values()) {
      const { lag, cid, tt, isOff, seemedOff } = stream
      if (!lag.look() || lag.lagUs === undefined) continue
      // Least of some ticks, but of whole seconds: the truth may be younger by a second at most.
      const isLate = lag.lagUs - bounds.highUs > LATE_US
      const isAhead = lag.lagUs - bounds.lowUs < -AHEAD_US
      stream.seemedOff = isLate || isAhead
      if (stream.seemedOff !== seemedOff || seemedOff === isOff) continue
      stream.isOff = seemedOff
      const lagUs = lag.lagUs - middleOf(bounds)
      const reason = stream.isOff
        ? `stamps of the stream are ${secondsText(Math.abs(lagUs))} ${isLate ? 'old' : 'ahead'} by IB’s own time`
        : 'stamps of the stream are of now again'
      this.#options.onNews({ kind: 'lag', cid, tt, state: stream.isOff ? 'off' : 'agrees', lagUs, reason })
    }
  }
}

const holds = ({ lowUs, highUs }: OffsetBounds, us: number): boolean => lowUs <= us && us <= highUs
const middleOf = ({ lowUs, highUs }: OffsetBounds): number => Math.round((lowUs + highUs) / 2)
const secondsText = (us: number): string => `${(Math.round(us / (10 * US_PER_MS)) / 100).toFixed(2)} s`
