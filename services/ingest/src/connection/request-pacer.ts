import { US_PER_SECOND } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'

/** The gateway allows as many requests a second as half its market data lines, 50 with the usual 100; the rest is room for what counts differently there. */
const REQUESTS_PER_SECOND = 40
const SPACING_US = US_PER_SECOND / REQUESTS_PER_SECOND
const MS_PER_SPACING = 1_000 / REQUESTS_PER_SECOND

/**
 * Sends requests in order, 40 a second, the first ones at once. Belongs to one session and ends with it: what waits then is dropped, for the next session
 * asks for everything anew (the client library would send it into that one).
 */
export class RequestPacer {
  readonly #clock: Clock
  #waiting: (() => void)[] = []
  #timer: Timer | undefined
  #nextUs = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Requests that have not left yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  send(request: () => void): void {
    if (this.#closed) return
    this.#waiting.push(request)
    this.#flush()
  }

  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#timer?.cancel()
  }

  /** A second's worth may leave at once after a quiet time; then one each 25 ms. */
  #flush(): void {
    const nowUs = this.#clock.steadyUs()
    this.#nextUs = Math.max(this.#nextUs, nowUs - US_PER_SECOND + SPACING_US)
    while (this.#waiting.length > 0 && this.#nextUs <= nowUs) {
      this.#nextUs += SPACING_US
      this.#waiting.shift()?.()
    }
    this.#timer?.cancel()
    this.#timer = this.#waiting.length > 0 ? this.#clock.after(MS_PER_SPACING, () => this.#flush()) : undefined
  }
}
