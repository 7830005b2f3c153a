import { type Bus, pause } from '@ib-stream/bus'
import type { TickFault } from '@ib-stream/model'

const MOST_WAITING = 10_000
const RETRY_EVERY_MS = 1_000

/** Puts frames that are no ticks into the stream INVALID, with the reason; keeps them while the bus is away, up to a bound, and counts all. */
export class InvalidSink {
  /** Frames that broke the rules since the start; `overflowed` of them found no place to wait. */
  count = 0
  overflowed = 0
  #bus: Bus
  #signal: AbortSignal
  #waiting: { subject: string; record: string }[] = []
  #sending: Promise<void> | undefined

  constructor(bus: Bus, signal: AbortSignal) {
    this.#bus = bus
    this.#signal = signal
  }

  /** @param cid 0 where it cannot be told */
  put(cid: number, fields: readonly string[], fault: TickFault, st: number): void {
    this.count += 1
    if (this.#waiting.length >= MOST_WAITING) {
      this.overflowed += 1
      return
    }
    const record = `${JSON.stringify({ reason: fault.rule, field: fault.field, value: fault.value, st, frame: fields })}\n`
    this.#waiting.push({ subject: `ticks_invalid.${cid}`, record })
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
  }

  async #send(): Promise<void> {
    for (let next = this.#waiting[0]; next && !this.#signal.aborted; next = this.#waiting[0]) {
      try {
        await this.#bus.jetstream.publish(next.subject, next.record)
        this.#waiting.shift()
      } catch {
        await pause(RETRY_EVERY_MS, this.#signal).catch(() => undefined) // stopping: the loop's condition ends it
      }
    }
  }
}
