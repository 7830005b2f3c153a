/** Somebody who has seen all that there is. */
export interface Waiter {
  /** What would concern it. */
  readonly subjects: ReadonlySet<string>
  /** Leaves the room. @param index where in the ring it goes on */
  wake(index: number): void
}

/** Subscribers that have seen all there is, by each subject that would wake them: an item costs nothing to those it does not concern. */
export class WaitingRoom {
  readonly #bySubject = new Map<string, Set<Waiter>>()

  enter(waiter: Waiter): void {
    for (const subject of waiter.subjects) {
      const waiters = this.#bySubject.get(subject) ?? new Set<Waiter>()
      this.#bySubject.set(subject, waiters.add(waiter))
    }
  }

  leave(waiter: Waiter): void {
    for (const subject of waiter.subjects) {
      const waiters = this.#bySubject.get(subject)
      waiters?.delete(waiter)
      if (waiters?.size === 0) this.#bySubject.delete(subject)
    }
  }

  /** An item of a subject has come. */
  wake(subject: string, index: number): void {
    for (const waiter of this.#bySubject.get(subject) ?? []) waiter.wake(index)
  }

  wakeAll(index: number): void {
    for (const waiter of new Set([...this.#bySubject.values()].flatMap((waiters) => [...waiters]))) waiter.wake(index)
  }
}
