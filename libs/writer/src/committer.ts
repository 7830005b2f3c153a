import { pause } from '@ib-stream/bus'
import { codeOf } from '@ib-stream/model'
import type { PartitionStore } from '@ib-stream/storage'

export type CommitKind = 'visible' | 'durable'

export interface CommitterOptions {
  store: Pick<PartitionStore, 'pendingBytes' | 'commitVisible' | 'commitDurable'>
  /** Ends the wait for a disk that takes nothing. */
  signal: AbortSignal
  /** The disk takes nothing; called at each attempt. */
  onStalled: (reason: string) => void
  /** A commit went well. */
  onCommitted: () => void
  /** A commit that nobody waits for failed for good: the store is over, or the signal aborted. */
  onFailed: (error: unknown) => void
}

/** So much that waits is a commit's worth. */
const COMMIT_ABOVE_BYTES = 2 ** 20
/** With this much waiting nothing more is taken before a commit is done: it bounds the memory of a partition. */
const MOST_PENDING_BYTES = 4 * 2 ** 20
const RETRY_FIRST_MS = 200
const RETRY_MOST_MS = 5_000

/**
 * The commits of one partition, one after another and beside what is taken meanwhile: the store cuts at the end of a whole message whatever comes, and a disk that
 * syncs for long holds nobody up before there is too much in memory.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #due = new Set<CommitKind>()
  #last: Promise<void> = Promise.resolve()
  #stalled = false

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Commits what is whole when its turn comes. A full or broken disk is tried again until it works. @throws what ends the store; the signal's reason */
  commit(kind: CommitKind): Promise<void> {
    const commit = this.#last.then(() => this.#try(kind))
    this.#last = commit.catch(() => undefined)
    return commit
  }

  /** As `commit`, and nobody waits for it; while one of the kind waits for its turn no second one does. */
  beside(kind: CommitKind): void {
    if (this.#due.has(kind)) return
    this.#due.add(kind)
    const commit = this.#last.then(() => {
      this.#due.delete(kind)
      return this.#try(kind)
    })
    this.#last = commit.catch((error: unknown) => this.#options.onFailed(error))
  }

  /** Commits where much waits, and resolves when more may be taken: at once, but where there is too much of it or the disk takes nothing. */
  async room(): Promise<void> {
    const { store } = this.#options
    if (store.pendingBytes > COMMIT_ABOVE_BYTES) this.beside('visible')
    if (this.#stalled || store.pendingBytes > MOST_PENDING_BYTES) await this.idle()
  }

  /** Resolves when every commit that was asked for is done, or has failed. */
  async idle(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#last; ) {
      last = this.#last
      await last
    }
  }

  async #try(kind: CommitKind): Promise<void> {
    const { store, signal, onStalled, onCommitted } = this.#options
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MOST_MS)) {
      try {
        await (kind === 'visible' ? store.commitVisible() : store.commitDurable())
        this.#stalled = false
        return onCommitted()
      } catch (error) {
        if (codeOf(error) !== 'IBS_STORAGE_WRITE_FAILED') throw error
        this.#stalled = true
        onStalled(String(error))
        await pause(waitMs, signal)
      }
    }
  }
}
