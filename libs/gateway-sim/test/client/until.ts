const DEADLINE_MS = 25_000

/** Conditions that are looked at whenever something happened. */
export class Watch {
  readonly #checks = new Set<() => void>()

  happened(): void {
    for (const check of this.#checks) check()
  }

  /** Resolves when the condition holds; rejects after 25 seconds with what `describe` says then. */
  async until(condition: () => boolean, describe: () => string): Promise<void> {
    if (condition()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = () => {
      if (condition()) resolve()
    }
    const timer = setTimeout(() => reject(new Error(`not within ${DEADLINE_MS} ms: ${describe()}`)), DEADLINE_MS)
    this.#checks.add(check)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#checks.delete(check)
    }
  }
}
