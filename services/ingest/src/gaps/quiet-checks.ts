import type { Clock, Timer } from '@ib-stream/service'
import type { TickStream } from '../decode-tick.ts'
import { QUIET_STREAM_HEARD_AFTER_MS } from './gap-tracker.ts'

export interface QuietCheckOptions {
  clock: Clock
  /** A gap of the stream is open. */
  isOpen(rid: number): boolean
  /** Nothing speaks against it that the stream is only quiet. */
  isOnlyQuiet(rid: number): boolean
  /** It stood long enough. */
  onQuiet(stream: TickStream): void
}

/** A stream that stands for a while without a tick is only quiet: its gap is over all the same. */
export class QuietChecks {
  readonly #options: QuietCheckOptions
  readonly #timers = new Set<Timer>()

  constructor(options: QuietCheckOptions) {
    this.#options = options
  }

  /** Looks at the stream when it has stood from now on. */
  begin(stream: TickStream): void {
    const { clock, isOpen, isOnlyQuiet, onQuiet } = this.#options
    if (!isOpen(stream.rid)) return
    const timer = clock.after(QUIET_STREAM_HEARD_AFTER_MS, () => {
      this.#timers.delete(timer)
      if (isOnlyQuiet(stream.rid)) onQuiet(stream)
    })
    this.#timers.add(timer)
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
