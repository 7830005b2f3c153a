import { StorageError } from '../errors.ts'

/** The work of one store, piece by piece: each waits for its turn, a failure that only opening anew can mend ends them all, and closing comes last. */
export class StoreTurns {
  #last: Promise<void> = Promise.resolve()
  #failure: StorageError | undefined
  #closing: Promise<void> | undefined

  get word(): 'open' | 'failed' | 'closed' {
    if (this.#closing) return 'closed'
    return this.#failure ? 'failed' : 'open'
  }

  /** Why no turn is taken any more; the first reason stays. */
  get failure(): StorageError | undefined {
    return this.#failure
  }

  /** @throws StorageError `IBS_STORAGE_CLOSED`; what the store failed by */
  assertOpen(): void {
    if (this.#closing) throw new StorageError('IBS_STORAGE_CLOSED', 'the partition store is closed; open it again', {})
    if (this.#failure) throw this.#failure
  }

  /**
   * Runs `work` when everything before it is over, well or not.
   * @throws StorageError as `assertOpen`, now or when its turn has come; what `work` throws
   */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    this.assertOpen()
    const turn = this.#last.then(() => {
      if (this.#failure) throw this.#failure
      return work()
    })
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    ) // the caller has the error; the next one only waits for the turn
    return turn
  }

  /** Ends all turns, those that wait too. */
  fail(failure: StorageError): void {
    this.#failure ??= failure
  }

  /** Takes no more turns, and runs `last` after those that were taken. Idempotent: `last` runs once. */
  close(last: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#last.then(last)
    return this.#closing
  }
}
