import type { TickMessage } from '@ib-stream/model'
import type { History } from '../joined-history.ts'
import { type HistoryOptions, openHistory } from '../open-history.ts'
import { ARRIVES_WITHIN_US, inArrivalOrder, type TimedTick } from './arrival-order.ts'
import { MAX_SPEED, ReplayClock } from './replay-clock.ts'
import { afterPlace, formatReplayPlace, placeAfter, type ReplayPlace } from './replay-place.ts'

export interface ReplayOptions
  extends Pick<HistoryOptions, 'dataDir' | 'backends' | 'cids' | 'tts' | 'startUs' | 'endUs' | 'bus' | 'signal'> {
  /** Tape seconds in a real one; {@link MAX_SPEED}: as fast as they are taken. */
  speed: number
  /** Go on after this place, which an earlier replay of these ticks gave. */
  after?: ReplayPlace | undefined
}

/** A tick of a replay. */
export interface ReplayedTick {
  tick: TickMessage
  /** To go on after it. */
  place: string
}

/** Recorded ticks at the pace at which they came, in one order over all contracts. */
export interface Replay extends AsyncDisposable {
  readonly speed: number
  readonly paused: boolean
  /** Moment of the tape, µs UTC; of the range's start before the first tick. */
  readonly positionUs: number
  setSpeed(speed: number): void
  setPaused(paused: boolean): void
  /** Goes on with the first tick that happened at a moment or after it, µs UTC; backwards too. At or beyond the range's end: the replay is over. */
  seek(toUs: number): void
  /** Batches are never empty; a tick is never given before its moment. Iterate once. @throws as `openHistory`; `signal.reason` */
  batches(): AsyncIterable<readonly ReplayedTick[]>
  close(): Promise<void>
}

const READ_TICKS = 4_096
/** Most ticks in one batch: a client at full speed is still told of a pause soon. */
const GIVE_TICKS = 512

/**
 * Opens a replay of the ticks with `ts` in [start, end). It begins with the first of them at once: an empty start of the range is not waited for, later gaps are.
 * @throws as `openHistory`
 */
export async function openReplay(options: ReplayOptions): Promise<Replay> {
  const replay = new PacedReplay(options)
  await replay.open()
  return replay
}

class PacedReplay implements Replay {
  readonly #options: ReplayOptions
  readonly #clock: ReplayClock
  #place: ReplayPlace | undefined
  /** Begin after it. */
  #from: ReplayPlace | undefined
  #openedFrom: ReplayPlace | undefined
  #history: History | undefined
  #interrupt = new AbortController()

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#from = options.after
    this.#clock = new ReplayClock(options.after?.us ?? options.startUs, options.speed)
  }

  get speed(): number {
    return this.#clock.speed
  }
  get paused(): boolean {
    return this.#clock.paused
  }
  get positionUs(): number {
    return Math.min(Math.round(this.#clock.nowUs), this.#options.endUs)
  }

  setSpeed(speed: number): void {
    this.#clock.setSpeed(speed)
  }

  setPaused(paused: boolean): void {
    this.#clock.setPaused(paused)
  }

  seek(toUs: number): void {
    this.#from = { us: toUs - 1, st: Number.MAX_SAFE_INTEGER, k: Number.POSITIVE_INFINITY }
    this.#clock.jump(toUs)
    this.#interrupt.abort(new Error('seek'))
  }

  async *batches(): AsyncGenerator<readonly ReplayedTick[]> {
    const { signal } = this.#options
    try {
      for (;;) {
        const from = this.#from
        const interrupt = new AbortController()
        this.#interrupt = interrupt
        if (this.#openedFrom !== from) await this.open()
        this.#place = from
        if (this.#history) yield* this.#play(this.#history, from, AbortSignal.any([signal, interrupt.signal]))
        signal.throwIfAborted()
        if (from === this.#from) return
      }
    } finally {
      await this.close()
    }
  }

  /** Opens the range where it is to begin; nothing is open when nothing of it is left. */
  async open(): Promise<void> {
    await this.close()
    const from = this.#from
    const { speed: _speed, after: _after, ...range } = this.#options
    this.#openedFrom = from
    if (from && from.us >= range.endUs + ARRIVES_WITHIN_US) return
    const startUs = from ? Math.max(range.startUs, from.us - ARRIVES_WITHIN_US) : range.startUs
    this.#history = await openHistory({ ...range, startUs, batchTicks: READ_TICKS })
  }

  async close(): Promise<void> {
    const history = this.#history
    this.#history = undefined
    await history?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Ends with the history, or when a seek interrupts it. */
  async *#play(history: History, from: ReplayPlace | undefined, until: AbortSignal): AsyncGenerator<readonly ReplayedTick[]> {
    const ordered = inArrivalOrder(history.batches())
    let isFirst = true
    for await (const ticks of readAhead(from ? afterPlace(ordered, from) : ordered)) {
      for (let i = 0; i < ticks.length; ) {
        const { us } = ticks[i] as TimedTick
        if (isFirst) this.#clock.jump(us)
        isFirst = false
        try {
          await this.#clock.reached(us, until)
        } catch (error) {
          if (this.#options.signal.aborted) throw error
          return
        }
        const end = this.#endOfDue(ticks, i)
        yield ticks.slice(i, end).map((timed) => this.#give(timed))
        if (until.aborted) return
        i = end
      }
    }
  }

  /** Index after the ticks whose moment has come; the one at `from` is among them. */
  #endOfDue(ticks: readonly TimedTick[], from: number): number {
    const nowUs = this.#clock.speed === MAX_SPEED ? Number.POSITIVE_INFINITY : this.#clock.nowUs
    let end = from + 1
    while (end < ticks.length && end - from < GIVE_TICKS && (ticks[end] as TimedTick).us <= nowUs) end++
    return end
  }

  #give(timed: TimedTick): ReplayedTick {
    this.#place = placeAfter(timed, this.#place)
    return { tick: timed.tick, place: formatReplayPlace(this.#place) }
  }
}

/** One batch is read while the one before it is played, so that a slow disk is not heard. */
async function* readAhead<Item>(source: AsyncIterable<Item>): AsyncGenerator<Item> {
  const iterator = source[Symbol.asyncIterator]()
  let next = iterator.next()
  try {
    for (;;) {
      const { value, done } = await next
      if (done) return
      next = iterator.next()
      next.catch(() => undefined) // thrown when it is its turn
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}
