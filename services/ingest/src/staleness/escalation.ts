/** What is done about a stream that is silent although its market is busy. */
export type Remedy = 'restart_stream' | 'reset_connection' | 'alert'

const LEAST_WAIT_MS = 60_000
const MOST_WAIT_MS = 1_800_000
/** The wait after a remedy begins at most this long, however quiet the stream may usually be. */
const MOST_FIRST_WAIT_MS = 300_000

/**
 * One stream's way through the remedies: ask for it anew, reset the connection, alert; then again from the first one, without end, at intervals that double up to half
 * an hour. A tick ends it.
 */
export class Escalation {
  #step = 0
  #dueMs = 0
  #triedMs = Number.NEGATIVE_INFINITY

  /** When the last one was tried. */
  get triedMs(): number {
    return this.#triedMs
  }

  /** Remedies that were tried since the last tick. */
  get step(): number {
    return this.#step
  }

  /** Whether a person was called. */
  get isAlerted(): boolean {
    return this.#step >= 3
  }

  /** The remedy that is due now; undefined while the last one has its time. */
  due(nowMs: number): Remedy | undefined {
    if (nowMs < this.#dueMs) return undefined
    if (this.#step === 2) return 'alert'
    const isRestart = this.#step === 0 || (this.#step > 2 && this.#step % 2 === 1)
    return isRestart ? 'restart_stream' : 'reset_connection'
  }

  /** A remedy was tried, for this stream or, a reset, for another one. */
  tried(remedy: Remedy, { nowMs, allowedMs }: { nowMs: number; allowedMs: number }): void {
    this.#triedMs = nowMs
    this.#step = remedy === 'reset_connection' ? Math.max(2, this.#step + 1) : this.#step + 1
    const firstMs = Math.min(MOST_FIRST_WAIT_MS, Math.max(LEAST_WAIT_MS, allowedMs))
    // An alert mends nothing: what follows it need not wait.
    this.#dueMs = remedy === 'alert' ? nowMs : nowMs + Math.min(MOST_WAIT_MS, firstMs * 2 ** Math.max(0, this.#step - 2))
  }

  end(): void {
    this.#step = 0
    this.#dueMs = 0
  }
}
