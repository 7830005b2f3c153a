const MS_PER_HOUR = 3_600_000
/** setTimeout fires at once above 2^31 ms; waking an hour too early costs nothing. */
const LONGEST_WAIT_MS = MS_PER_HOUR

/** One sleeper that can be woken early. A ring that nobody waits for ends the next wait at once, so none is lost. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** @param ms longest sleep; Infinity: until the bell rings (or an hour) */
  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, LONGEST_WAIT_MS))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#rung = false
    this.#wake = undefined
  }
}
