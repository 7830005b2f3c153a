import { type Clock, secondsToUs } from '../clock.ts'

/** One historical request, as far as pacing looks at it. */
export interface PacedRequest {
  /** All of its fields but the request id. */
  readonly identity: string
  /** Contract, exchange and kind of data. */
  readonly series: string
  /** 2 for BID_ASK, else 1. */
  readonly weight: number
}

interface Asked extends PacedRequest {
  readonly atUs: number
}

const IDENTICAL_US = secondsToUs(15)
const SERIES_US = secondsToUs(2)
const SERIES_MOST = 5
const TOTAL_US = secondsToUs(600)
const TOTAL_MOST = 60

/** IB's pacing of historical data, over all clients: none identical within 15 s, under six for a series within 2 s, at most 60 within 10 min. */
export class HistoryPacing {
  readonly #clock: Clock
  #asked: Asked[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts the request. @returns whether it may be answered; one that may not does not count */
  admit(request: PacedRequest): boolean {
    const nowUs = this.#clock.steadyUs()
    const within = (us: number) => this.#asked.filter(({ atUs }) => nowUs - atUs < us)
    this.#asked = within(TOTAL_US)
    if (within(IDENTICAL_US).some(({ identity }) => identity === request.identity)) return false
    const ofSeries = within(SERIES_US).filter(({ series }) => series === request.series)
    if (weightOf(ofSeries) + request.weight > SERIES_MOST) return false
    if (weightOf(this.#asked) + request.weight > TOTAL_MOST) return false
    this.#asked.push({ ...request, atUs: nowUs })
    return true
  }
}

function weightOf(requests: readonly PacedRequest[]): number {
  return requests.reduce((sum, { weight }) => sum + weight, 0)
}
