/** Speed at which nothing is waited for. */
export const MAX_SPEED = Number.POSITIVE_INFINITY
/** Longest time that a timer of Node can take. */
const MOST_TIMER_MS = 2 ** 31 - 1

/** A clock on the time of the tape that runs at a speed, stands still, and jumps; µs UTC. */
export class ReplayClock {
  #atUs: number
  #atMs = performance.now()
  #speed: number
  #paused = false
  #changed = Promise.withResolvers<void>()

  /** @param speed tape seconds in a real one, above 0; {@link MAX_SPEED}: every moment is reached at once */
  constructor(atUs: number, speed: number) {
    this.#atUs = atUs
    this.#speed = speed
  }

  get speed(): number {
    return this.#speed
  }
  get paused(): boolean {
    return this.#paused
  }

  get nowUs(): number {
    if (this.#paused || this.#speed === MAX_SPEED) return this.#atUs
    return this.#atUs + (performance.now() - this.#atMs) * US_PER_MS * this.#speed
  }

  jump(toUs: number): void {
    this.#change(() => {
      this.#atUs = toUs
    })
  }

  setSpeed(speed: number): void {
    this.#change(() => {
      this.#speed = speed
    })
  }

  setPaused(paused: boolean): void {
    this.#change(() => {
      this.#paused = paused
    })
  }

  /** Resolves when the moment is reached, however the clock is changed meanwhile. @throws `signal.reason` */
  async reached(us: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      if (!this.#paused && this.#speed === MAX_SPEED) {
        this.#atUs = Math.max(this.#atUs, us)
        return
      }
      const waitMs = this.#paused ? MOST_TIMER_MS : (us - this.nowUs) / US_PER_MS / this.#speed
      if (waitMs <= 0) return
      await this.#sleep(waitMs, signal)
    }
  }

  /** Until the time has passed, the clock is changed, or the signal aborts. */
  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(ms, MOST_TIMER_MS))
      signal.addEventListener('abort', wake)
      void this.#changed.promise.then(wake)
    })
  }

  #change(work: () => void): void {
    this.#atUs = this.nowUs
    this.#atMs = performance.now()
    work()
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}

const US_PER_MS = 1_000
