import { msFromUs } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'

const EVERY_MS = 5_000
/** Nothing heard for this long, a heartbeat asked within it: the gateway does not answer. */
const SILENT_AFTER_MS = 10_000
/** And for this long: it is dead, even with its socket open. */
const OVERDUE_AFTER_MS = 20_000

export interface HeartbeatHandlers {
  ask(): void
  silent(forMs: number): void
  overdue(forMs: number): void
}

/** Asks a session for the time every 5 s and tells when nothing at all comes back: a gateway may be mute with its socket open for hours. */
export class Heartbeat {
  readonly #clock: Clock
  readonly #handlers: HeartbeatHandlers
  readonly #timer: Timer
  #heardUs: number
  #isHeld = false

  constructor(clock: Clock, handlers: HeartbeatHandlers) {
    this.#clock = clock
    this.#handlers = handlers
    this.#heardUs = clock.nowUs()
    this.#timer = clock.every(EVERY_MS, () => this.#beat())
  }

  /** Nothing is read, so nothing is heard, and an answer would say nothing of the time: it neither asks nor judges until `heard`. */
  hold(): void {
    this.#isHeld = true
  }

  heard(): void {
    this.#isHeld = false
    this.#heardUs = this.#clock.nowUs()
  }

  stop(): void {
    this.#timer.cancel()
  }

  #beat(): void {
    if (this.#isHeld) return
    const silentMs = msFromUs(this.#clock.nowUs() - this.#heardUs)
    if (silentMs >= OVERDUE_AFTER_MS) this.#handlers.overdue(silentMs)
    else {
      if (silentMs >= SILENT_AFTER_MS) this.#handlers.silent(silentMs)
      this.#handlers.ask()
    }
  }
}
