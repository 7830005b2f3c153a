import { US_PER_MS } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import type { StateFile } from '../state-file.ts'

/** When a stream was asked for, µs: by the steady clock, which nobody sets, and UTC for the next start. */
interface Asked {
  steadyUs: number
  us: number
}

/**
 * IB takes no second tick-by-tick request for the same instrument within 15 s. When each stream was last asked for is kept in a file, so that the rule holds over
 * a restart of ingest too.
 */
export class RequestGuard {
  readonly #file: Pick<StateFile, 'read' | 'write'>
  readonly #guardUs: number
  readonly #clock: Clock
  readonly #asked: Map<number, Asked>

  /**
   * @param file made where it is missing; one that cannot be read counts as empty, for it only spares a refusal
   * @param guardMs how long a stream is not asked for again
   */
  constructor(file: Pick<StateFile, 'read' | 'write'>, guardMs: number, clock: Clock) {
    this.#file = file
    this.#guardUs = guardMs * US_PER_MS
    this.#clock = clock
    const [nowUs, steadyUs] = [clock.nowUs(), clock.steadyUs()]
    // What is younger than now was written before the clock was set back: it holds nothing up.
    const past = entriesOf(file.read()).filter(([, us]) => us <= nowUs)
    this.#asked = new Map(past.map(([rid, us]) => [rid, { us, steadyUs: steadyUs - (nowUs - us) }]))
  }

  /** How long the stream must still wait, ms; 0 when it may be asked for. */
  waitMs(rid: number): number {
    const { steadyUs = Number.NEGATIVE_INFINITY } = this.#asked.get(rid) ?? {}
    return Math.max(0, Math.ceil((steadyUs + this.#guardUs - this.#clock.steadyUs()) / US_PER_MS))
  }

  /** The stream is asked for now. */
  asked(rid: number): void {
    const [us, steadyUs] = [this.#clock.nowUs(), this.#clock.steadyUs()]
    for (const [other, asked] of this.#asked) if (asked.steadyUs + this.#guardUs < steadyUs) this.#asked.delete(other)
    this.#asked.set(rid, { us, steadyUs })
    if (this.#guardUs === 0) return
    this.#file.write([...this.#asked].map(([one, asked]) => [one, asked.us]))
  }
}

function entriesOf(value: unknown): [number, number][] {
  const isEntry = (entry: unknown): entry is [number, number] => Array.isArray(entry) && entry.length === 2 && entry.every(Number.isFinite)
  return Array.isArray(value) ? value.filter(isEntry) : []
}
