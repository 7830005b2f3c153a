import type { Clock } from '../clock.ts'
import type { TapeMoment } from '../market/market-source.ts'

/** The tape's own time: zero until it starts, standing still while it is paused. */
export class TapeTime {
  readonly #clock: Clock
  #playedUs = 0
  /** Steady time at the last start; undefined while the tape stands. */
  #runningSinceUs: number | undefined
  /** Wall time at tape time zero, set anew at each start, so a wall clock that steps does not move a running tape. */
  #wallAtZeroUs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get running(): boolean {
    return this.#runningSinceUs !== undefined
  }

  start(): void {
    this.#runningSinceUs = this.#clock.steadyUs()
    this.#wallAtZeroUs = this.#clock.wallUs() - this.#playedUs
  }

  pause(): void {
    this.#playedUs = this.#tapeUs()
    this.#runningSinceUs = undefined
  }

  moment(): TapeMoment {
    const tapeUs = this.#tapeUs()
    return { tapeUs, wallUs: (this.#wallAtZeroUs ?? this.#clock.wallUs()) + tapeUs }
  }

  #tapeUs(): number {
    return this.#runningSinceUs === undefined ? this.#playedUs : this.#playedUs + this.#clock.steadyUs() - this.#runningSinceUs
  }
}
