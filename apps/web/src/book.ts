import type { Tick } from '@ib-stream/client'
import { sideOfQuote } from './quote.ts'

const RATE_SECONDS = 5
/** Older ticks come from history, or over a mended connection: they tell nothing of the way from socket to page. */
const FRESH_MS = 10_000
const SMOOTHING = 0.1

/** What is known of one contract now. */
export class Book {
  readonly cid: number
  last: number | undefined
  bid: number | undefined
  ask: number | undefined
  bidSize: number | undefined
  askSize: number | undefined
  /** Newest `st`, µs UTC; 0: none. */
  newestUs = 0
  /** From our socket to this page, ms, smoothed. */
  latencyMs: number | undefined
  readonly #counts = new Array<number>(RATE_SECONDS + 1).fill(0)
  #second = 0

  constructor(cid: number) {
    this.cid = cid
  }

  /** Takes what is known. */
  take(tick: Tick): void {
    if (tick.tt === 'bid_ask') {
      this.bid = sideOfQuote(tick.bp, tick.bs)
      this.ask = sideOfQuote(tick.ap, tick.as)
      this.bidSize = tick.bs
      this.askSize = tick.as
    } else if (tick.tt !== 'mid_point' && !(tick.p === 0 && (tick.s ?? 0) === 0)) this.last = tick.p
    if (tick.st > this.newestUs) this.newestUs = tick.st
  }

  /** Takes a tick that has just come: it counts for rate and latency. */
  hear(tick: Tick): void {
    this.take(tick)
    const nowMs = Date.now() // not by the time since the page was opened: the clock may have been set since
    this.#roll(nowMs)
    this.#counts[this.#second % this.#counts.length] = (this.#counts[this.#second % this.#counts.length] ?? 0) + 1
    const ms = Math.max(0, nowMs - tick.st / 1_000)
    if (ms < FRESH_MS) this.latencyMs = this.latencyMs === undefined ? ms : this.latencyMs + SMOOTHING * (ms - this.latencyMs)
  }

  /** Ticks a second, over the last whole seconds. @param nowMs since 1970, of this machine */
  rate(nowMs: number): number {
    this.#roll(nowMs)
    const running = this.#counts[this.#second % this.#counts.length] ?? 0
    return (this.#counts.reduce((sum, count) => sum + count, 0) - running) / RATE_SECONDS
  }

  get spread(): number | undefined {
    return this.bid !== undefined && this.ask !== undefined ? this.ask - this.bid : undefined
  }

  get mid(): number | undefined {
    return this.spread === undefined ? undefined : ((this.bid ?? 0) + (this.ask ?? 0)) / 2
  }

  #roll(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    const most = this.#counts.length
    const steps = second < this.#second ? most : Math.min(most, second - this.#second) // a clock that was set back: counted anew
    for (let i = 1; i <= steps; i++) this.#counts[(this.#second + i) % most] = 0
    this.#second = second
  }
}
