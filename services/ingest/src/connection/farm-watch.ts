import type { Clock, Timer } from '@ib-stream/service'

/** IB's messages about its market data farms; they end with the farm's name. A broken farm silences its streams without another word. */
export const FARM_BROKEN = 2103
const FARM_WELL = 2104
/** A stream that ticks on this long after a farm broke hangs on another one. */
const SILENT_AFTER_MS = 3_000

export interface FarmHandlers {
  /** Streams without a tick since `brokenUs` hang on the broken farm: IB does not say which contracts it serves. */
  silent(brokenUs: number, message: string): void
  /** Every farm is well again. */
  well(): void
}

/** Knows which market data farms the gateway has lost. */
export class FarmWatch {
  readonly #clock: Clock
  readonly #handlers: FarmHandlers
  readonly #broken = new Map<string, { sinceUs: number; message: string; timer: Timer }>()

  constructor(clock: Clock, handlers: FarmHandlers) {
    this.#clock = clock
    this.#handlers = handlers
  }

  /** Some farm is lost now. */
  get isBroken(): boolean {
    return this.#broken.size > 0
  }

  /** Takes every notice. */
  hear(code: number, message: string): void {
    const farm = message.slice(message.lastIndexOf(':') + 1).trim()
    const known = this.#broken.get(farm)
    if (code === FARM_BROKEN && !known) {
      const sinceUs = this.#clock.nowUs()
      const timer = this.#clock.after(SILENT_AFTER_MS, () => this.#handlers.silent(sinceUs, message))
      this.#broken.set(farm, { sinceUs, message, timer })
    } else if (code === FARM_WELL && known) {
      known.timer.cancel()
      this.#broken.delete(farm)
      this.#handlers.silent(known.sinceUs, known.message) // it may have been shorter than the wait
      if (!this.isBroken) this.#handlers.well()
    }
  }

  /** The connection has ended: the next one will say what is broken. */
  clear(): void {
    for (const { timer } of this.#broken.values()) timer.cancel()
    this.#broken.clear()
  }
}
