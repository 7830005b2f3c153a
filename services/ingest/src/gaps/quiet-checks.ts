import type { Clock, Timer } from '@ib-stream/service'
import type { TickStream } from '../decode-tick.ts'
import { QUIET_STREAM_HEARD_AFTER_MS } from './gap-tracker.ts'

export interface QuietCheckOptions {
  clock: Clock
  /** A gap of the stream is open. */
  isOpen(rid: number): boolean
  /** Nothing speaks against it that the stream is only quiet. */
  isOnlyQuiet(rid: number): boolean
  /** The gateway has taken all requests that were sent before, µs of the steady clock. */
  takenUpToUs(): number
  /** It stood long enough. */
  onQuiet(stream: TickStream): void
}

/** The gateway is asked for its time every 5 s. */
const LOOK_AGAIN_MS = 1_000

/** A stream that stands for a while without a tick is only quiet: its gap is over all the same. */
export class QuietChecks {
  readonly #options: QuietCheckOptions
  /** By request id. */
  readonly #timers = new Map<number, Timer>()

  constructor(options: QuietCheckOptions) {
    this.#options = options
  }

  /** Looks at the stream when it has stood from now on, and not before. */
  begin(stream: TickStream): void {
    if (this.#options.isOpen(stream.rid)) this.#lookIn(QUIET_STREAM_HEARD_AFTER_MS, stream, this.#options.clock.steadyUs())
  }

  /** Silence says nothing before the gateway has the stream's request: one that is slow to take it is looked at again, each second. */
  #lookIn(ms: number, stream: TickStream, sinceUs: number): void {
    const { clock, isOnlyQuiet, takenUpToUs, onQuiet } = this.#options
    this.#timers.get(stream.rid)?.cancel()
    const timer = clock.after(ms, () => {
      this.#timers.delete(stream.rid)
      if (!isOnlyQuiet(stream.rid)) return
      if (takenUpToUs() < sinceUs) this.#lookIn(LOOK_AGAIN_MS, stream, sinceUs)
      else onQuiet(stream)
    })
    this.#timers.set(stream.rid, timer)
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
