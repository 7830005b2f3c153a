/** Hands on that the system's clock was set, which may happen before anybody listens. */
export class ClockSteps {
  #waiting: number[] = []
  #listener: ((byUs: number) => void) | undefined

  /** @param byUs positive when it went forward */
  happened(byUs: number): void {
    if (this.#listener) this.#listener(byUs)
    else this.#waiting.push(byUs)
  }

  listen(listener: (byUs: number) => void): void {
    this.#listener = listener
    for (const byUs of this.#waiting.splice(0)) listener(byUs)
  }
}
