import { type PartitionStore, SEALED_BACKEND, Sealer } from '@ib-stream/storage'
import type { PartitionOptions } from './partition-writer.ts'

/** Seals what one partition of the archive holds: hours between two commits, days beside them. */
export class Archivist {
  readonly #sealer: Sealer
  readonly #closing = new AbortController()
  readonly #signal: AbortSignal
  /** Days being made; one after the other. */
  #days: Promise<void> | undefined

  /** Undefined for backends whose files stay as they are written, and for recorder events. */
  static of(options: PartitionOptions, store: PartitionStore): Archivist | undefined {
    const { codec, partition } = options
    return codec.backend === SEALED_BACKEND && typeof partition === 'number' ? new Archivist({ ...options, partition }, store) : undefined
  }

  private constructor(options: PartitionOptions & { partition: number }, store: PartitionStore) {
    const { dataDir, partition, owner: source, signal, onState, onSealed } = options
    this.#signal = AbortSignal.any([signal, this.#closing.signal])
    this.#sealer = new Sealer({
      ...{ dataDir, partition, source, store },
      onSealed,
      onTrouble: (path, error) => onState('following', `${path} cannot be made now, its rows stay: ${String(error)}`),
      signal: this.#signal,
    })
  }

  recover(): Promise<void> {
    return this.#sealer.recover()
  }

  /** True where a sealed file has the message: the log gives it again after a lost checkpoint. */
  async holds(path: string, seq: number): Promise<boolean> {
    return seq <= (await this.#sealer.heldSeqOf(path))
  }

  sealHours(): Promise<void> {
    return this.#sealer.sealHours()
  }

  /** After work on the files that was not its own. */
  lookAgain(): void {
    this.#sealer.lookAgain()
  }

  /**
   * Makes closed days one file each. The making goes on beside the log; only the name is given between two commits.
   * @param betweenCommits runs work when all is committed durably and nothing is taken meanwhile
   */
  async sealDays(betweenCommits: (work: () => Promise<void>) => Promise<void>): Promise<void> {
    this.#days ??= this.#sealDays(betweenCommits).finally(() => {
      this.#days = undefined
    })
    await this.#days
  }

  /** Gives up a day that is being made; its hours stay. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the partition is given up'))
    await this.#days?.catch(() => undefined)
  }

  async #sealDays(betweenCommits: (work: () => Promise<void>) => Promise<void>): Promise<void> {
    for (const day of await this.#sealer.dueDays()) {
      const prepared = await this.#sealer.prepareDay(day).catch((error: unknown) => {
        if (!this.#signal.aborted) throw error
      })
      if (this.#signal.aborted) return
      if (prepared) await betweenCommits(() => this.#sealer.finishDay(prepared))
    }
  }
}
