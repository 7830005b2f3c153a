import { usFromMs } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'

/** IB's messages about its market data farms; they end with the farm's name. A broken farm silences its streams without another word. */
export const FARM_BROKEN = 2103
const FARM_WELL = 2104
/** A stream that is silent for this long while a farm is broken may hang on it; the others tick on. */
const SILENT_AFTER_MS = 3_000
/** A tick this soon after the notice was on its way before: it does not show that its stream hangs on another farm. */
const ON_ITS_WAY_MS = 500

export interface FarmHandlers {
  /** Streams without a tick since `sinceUs` hang on the farm that broke at `brokenUs`: IB does not say which contracts it serves. */
  silent(sinceUs: number, farm: { brokenUs: number; message: string }): void
  /** Every farm is well again. */
  well(): void
}

/** Knows which market data farms the gateway has lost. */
export class FarmWatch {
  readonly #clock: Clock
  readonly #handlers: FarmHandlers
  readonly #broken = new Map<string, { brokenUs: number; message: string; timer: Timer }>()

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
      const brokenUs = this.#clock.nowUs()
      const timer = this.#clock.after(SILENT_AFTER_MS, () => this.#handlers.silent(onItsWayUntilUs(brokenUs), { brokenUs, message }))
      this.#broken.set(farm, { brokenUs, message, timer })
    } else if (code === FARM_WELL && known) {
      known.timer.cancel()
      this.#broken.delete(farm)
      // It may have been shorter than the wait, and a stream may have fallen silent after that.
      this.#handlers.silent(Math.max(onItsWayUntilUs(known.brokenUs), this.#clock.nowUs() - usFromMs(SILENT_AFTER_MS)), known)
      if (!this.isBroken) this.#handlers.well()
    }
  }

  /** The connection has ended: the next one will say what is broken. */
  clear(): void {
    for (const { timer } of this.#broken.values()) timer.cancel()
    this.#broken.clear()
  }
}

const onItsWayUntilUs = (brokenUs: number): number => brokenUs + usFromMs(ON_ITS_WAY_MS)
