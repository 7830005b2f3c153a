import { US_PER_SECOND } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import { Sessions } from '../../contract/sessions.ts'

/** `always`: the market never closes, it is only quieter outside its hours. `exchange`: it keeps the contract's trading hours. */
export type MarketHours = 'always' | 'exchange'

const MINUTE_US = 60 * US_PER_SECOND
const MIDDAY = 0.7
const EDGE = 1.5
/** Outside liquid hours. */
const QUIET = 0.5

/** How busy the market is at a time of day, as a factor of the mean rate: a U over the liquid hours, 0 while it is closed. */
export class SessionIntensity {
  readonly sessions: Sessions
  readonly #hours: MarketHours
  #minute = -1
  #factor = QUIET

  constructor(contract: SimContract, hours: MarketHours) {
    this.sessions = new Sessions(contract)
    this.#hours = hours
  }

  /** @param wallUs µs since 1970-01-01 UTC; looked up once a minute, time zones are slow. No market opens within one. */
  at(wallUs: number): number {
    const minute = Math.floor(wallUs / MINUTE_US)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#factor = this.#factorAt(minute * MINUTE_US)
    }
    return this.#factor
  }

  #factorAt(us: number): number {
    if (this.#hours === 'exchange' && this.sessions.at(us, 'tradingHours') === undefined) return 0
    const liquid = this.sessions.at(us, 'liquidHours')
    if (liquid === undefined) return QUIET
    const fromMidday = (2 * (us - liquid.openUs)) / (liquid.closeUs - liquid.openUs) - 1
    return MIDDAY + EDGE * fromMidday ** 4
  }
}
