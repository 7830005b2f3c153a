import { msFromUs } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'

const EVERY_MS = 5_000
/** A beat that comes later than this was held up together with everything that could have been heard: this process was busy or stopped. */
const LATE_BEAT_MS = 1.5 * EVERY_MS
/** Nothing heard for this long, a heartbeat asked within it: the gateway does not answer. */
const SILENT_AFTER_MS = 10_000
/** And for this long: it is dead, even with its socket open. */
const OVERDUE_AFTER_MS = 20_000

export interface HeartbeatHandlers {
  ask(): void
  silent(forMs: number): void
  overdue(forMs: number): void
}

/**
 * Asks a session for the time every 5 s and tells when nothing at all comes back: a gateway may be mute with its socket open for hours. Only time in which this process
 * listened counts: after a pause of its own, what came meanwhile still waits in the socket.
 */
export class Heartbeat {
  readonly #clock: Clock
  readonly #handlers: HeartbeatHandlers
  readonly #timer: Timer
  #isHeld = false
  #beatUs: number
  /** Silence up to the last beat, and whether there was any word since. */
  #silentMs = 0
  #heardSinceBeat = false

  constructor(clock: Clock, handlers: HeartbeatHandlers) {
    this.#clock = clock
    this.#handlers = handlers
    this.#beatUs = clock.steadyUs()
    this.#timer = clock.every(EVERY_MS, () => this.#beat())
  }

  /** Nothing is read, so nothing is heard, and an answer would say nothing of the time: it neither asks nor judges until `heard`. */
  hold(): void {
    this.#isHeld = true
  }

  heard(): void {
    this.#isHeld = false
    this.#heardSinceBeat = true
  }

  stop(): void {
    this.#timer.cancel()
  }

  #beat(): void {
    const nowUs = this.#clock.steadyUs()
    const sinceBeatMs = Math.min(msFromUs(nowUs - this.#beatUs), LATE_BEAT_MS)
    this.#beatUs = nowUs
    if (this.#isHeld) return
    this.#silentMs = this.#heardSinceBeat ? 0 : this.#silentMs + sinceBeatMs
    this.#heardSinceBeat = false
    if (this.#silentMs >= OVERDUE_AFTER_MS) this.#handlers.overdue(this.#silentMs)
    else {
      if (this.#silentMs >= SILENT_AFTER_MS) this.#handlers.silent(this.#silentMs)
      this.#handlers.ask()
    }
  }
}
