import type { Clock } from '@ib-stream/service'

/** Lets one waiter sleep until something happened or its time is over. */
export class Doorbell {
  readonly #clock: Clock
  #rung = Promise.withResolvers<void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#rung.resolve()
  }

  /** Returns at once when it was rung since the last wait. @throws `signal.reason` */
  async wait(mostMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const timer = this.#clock.after(mostMs, () => this.ring())
    const wake = () => this.ring()
    signal.addEventListener('abort', wake, { once: true })
    await this.#rung.promise
    timer.cancel()
    signal.removeEventListener('abort', wake)
    this.#rung = Promise.withResolvers<void>()
    signal.throwIfAborted()
  }
}
