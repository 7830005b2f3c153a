import { US_PER_MS } from '@ib-stream/model'

const FIRST_MS = 500
const MOST_MS = 30_000
/** A client id that is in use is mostly our own dead connection's, and the gateway notices that slowly. */
const ID_IN_USE_FIRST_MS = 5_000
const ID_IN_USE_MOST_MS = 60_000
/** A daily restart takes about four minutes; asking for it every few seconds costs nothing. */
const RESTART_MS = 5_000
/** A session that took requests this long had a good run: the next pause is short again. */
const GOOD_RUN_US = MOST_MS * US_PER_MS

/** How long to wait before the next attempt: doubling from half a second to 30 s, with jitter, a round of all ports at each length. */
export class Backoff {
  #failures = 0
  #beganUs: number | undefined

  /** A session took requests; µs of the steady clock, as in `nextMs`. */
  began(nowUs: number): void {
    this.#beganUs = nowUs
  }

  /** The pause after an end, ms: between half and the whole of its length. */
  nextMs(state: 'idle' | 'waiting' | 'restarting', { nowUs, ports }: { nowUs: number; ports: number }, random = Math.random): number {
    if (this.#beganUs !== undefined && nowUs - this.#beganUs >= GOOD_RUN_US) this.#failures = 0
    this.#beganUs = undefined
    const doublings = Math.floor(this.#failures / (state === 'idle' ? ports : 1))
    this.#failures += 1
    return lengthMs(state, doublings) * (0.5 + random() / 2)
  }
}

function lengthMs(state: 'idle' | 'waiting' | 'restarting', doublings: number): number {
  switch (state) {
    case 'idle':
      return Math.min(MOST_MS, FIRST_MS * 2 ** doublings)
    case 'waiting':
      return Math.min(ID_IN_USE_MOST_MS, ID_IN_USE_FIRST_MS * 2 ** doublings)
    case 'restarting':
      return RESTART_MS
  }
}
