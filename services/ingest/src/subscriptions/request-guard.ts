import { US_PER_MS } from '@ib-stream/model'
import type { StateFile } from '../state-file.ts'

/**
 * IB takes no second tick-by-tick request for the same instrument within 15 s. When each stream was last asked for is kept in a file, so that the rule holds over
 * a restart of ingest too.
 */
export class RequestGuard {
  readonly #file: StateFile
  readonly #guardUs: number
  readonly #askedUs: Map<number, number>

  /**
   * @param file made where it is missing; one that cannot be read counts as empty, for it only spares a refusal
   * @param guardMs how long a stream is not asked for again
   */
  constructor(file: StateFile, guardMs: number) {
    this.#file = file
    this.#guardUs = guardMs * US_PER_MS
    this.#askedUs = new Map(entriesOf(file.read()))
  }

  /** How long the stream must still wait, ms; 0 when it may be asked for. A clock that was set back does not hold it up for ever. */
  waitMs(rid: number, nowUs: number): number {
    const leftUs = (this.#askedUs.get(rid) ?? 0) + this.#guardUs - nowUs
    return leftUs <= 0 || leftUs > this.#guardUs ? 0 : Math.ceil(leftUs / US_PER_MS)
  }

  /** The stream is asked for now. */
  asked(rid: number, nowUs: number): void {
    for (const [other, us] of this.#askedUs) if (us + this.#guardUs < nowUs) this.#askedUs.delete(other)
    this.#askedUs.set(rid, nowUs)
    if (this.#guardUs === 0) return
    this.#file.write([...this.#askedUs])
  }
}

function entriesOf(value: unknown): [number, number][] {
  const isEntry = (entry: unknown): entry is [number, number] => Array.isArray(entry) && entry.length === 2 && entry.every(Number.isFinite)
  return Array.isArray(value) ? value.filter(isEntry) : []
}
