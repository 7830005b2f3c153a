import type { SpoolRecord } from './spool-record.ts'

/** Records kept in memory for sending; what is older is read back from the spool. */
const MOST_BYTES = 32 * 2 ** 20

/** The spool's records that are to be sent next, as far as memory is given to them; numbers rise, with holes where the spool has holes. */
export class RecordCache {
  #records: SpoolRecord[] = []
  #bytes = 0

  /** Takes records if they go on from what is here (or, in an empty cache, at `nextN`) and there is room; else they will be read back from the spool. */
  keep(records: readonly SpoolRecord[], nextN: number): void {
    const next = (this.#records.at(-1)?.n ?? nextN - 1) + 1
    if (records[0]?.n !== next || this.#bytes > MOST_BYTES) return
    for (const record of records) this.#records.push(record)
    this.#bytes += bytesOf(records)
  }

  replaceBy(records: SpoolRecord[]): void {
    this.#records = records
    this.#bytes = bytesOf(records)
  }

  /** At most `count` records from `n` on, if they are here. */
  from(n: number, count: number): SpoolRecord[] | undefined {
    const [first, last] = [this.#records[0], this.#records.at(-1)]
    if (!first || !last || n < first.n || n > last.n) return undefined
    const at = this.#below(n)
    return this.#records.slice(at, at + count)
  }

  /** Forgets what is confirmed, once that is half of what is here: the array is not moved for each, and little is held that nobody needs. */
  forgetThrough(n: number): void {
    const [first] = this.#records
    if (!first || n < first.n) return
    const confirmed = this.#below(n + 1)
    if (2 * confirmed >= this.#records.length) this.#bytes -= bytesOf(this.#records.splice(0, confirmed))
  }

  /** How many records have numbers below `n`; where the spool has a hole they are fewer than the numbers say. */
  #below(n: number): number {
    let below = Math.min(this.#records.length, n - (this.#records[0]?.n ?? n))
    while (below > 0 && (this.#records[below - 1]?.n ?? 0) >= n) below -= 1
    return below
  }
}

const bytesOf = (records: readonly SpoolRecord[]): number => records.reduce((bytes, { payload }) => bytes + payload.length, 0)
