import { type Bus, pause } from '@ib-stream/bus'
import type { TickFault } from '@ib-stream/model'

const MOST_WAITING = 10_000
const RETRY_EVERY_MS = 1_000
/** At the end the bus gets this long to take what waits. */
const DRAIN_WITHIN_MS = 2_000

/** Puts frames that are no ticks into the stream INVALID, with the reason; keeps them while the bus is away, up to a bound, and counts all. */
export class InvalidSink {
  /** Frames that broke the rules since the start; `overflowed` of them found no place to wait. */
  count = 0
  overflowed = 0
  #bus: Bus
  #stop = new AbortController()
  #waiting: { subject: string; record: string; id: string }[] = []
  #sending: Promise<void> | undefined

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /** Frames that the stream has not confirmed yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** @param cid 0 where it cannot be told */
  put(cid: number, fields: readonly string[], fault: TickFault, st: number): void {
    this.count += 1
    if (this.#waiting.length >= MOST_WAITING) {
      this.overflowed += 1
      return
    }
    const record = `${JSON.stringify({ reason: fault.rule, field: fault.field, value: fault.value, st, frame: fields })}\n`
    this.#waiting.push({ subject: `ticks_invalid.${cid}`, record, id: String(st) })
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
  }

  /** Gives what waits a moment to leave. What is in `waiting` afterwards is lost. */
  async close(): Promise<void> {
    const deadline = setTimeout(() => this.#stop.abort(), DRAIN_WITHIN_MS)
    const late = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([this.#sending, late]) // a publish that the bus does not answer would hold us for its own time-out
    clearTimeout(deadline)
    this.#stop.abort()
  }

  async #send(): Promise<void> {
    const { signal } = this.#stop
    for (let next = this.#waiting[0]; next && !signal.aborted; next = this.#waiting[0]) {
      try {
        // The stamp is its id: a confirmation that was lost does not make it two.
        await this.#bus.jetstream.publish(next.subject, next.record, { msgID: next.id })
        this.#waiting.shift()
      } catch {
        await pause(RETRY_EVERY_MS, signal).catch(() => undefined) // closed: the loop's condition ends it
      }
    }
  }
}
