import { dateOfUs, US_PER_SECOND } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import { localTime, minuteOfDay } from '../../contract/trading-hours.ts'

const MINUTE_US = 60 * US_PER_SECOND
const MIDDAY = 0.7
const EDGE = 1.5
/** Outside liquid hours, nights and weekends too: a simulator that is silent at night cannot be tried at night. */
const QUIET = 0.5

/** How busy the market is at a time of day, as a factor of the mean rate: a U over the liquid hours. */
export class SessionIntensity {
  readonly #contract: SimContract
  #minute = -1
  #factor = QUIET

  constructor(contract: SimContract) {
    this.#contract = contract
  }

  /** @param wallUs µs since 1970-01-01 UTC; looked up once a minute, time zones are slow */
  at(wallUs: number): number {
    const minute = Math.floor(wallUs / MINUTE_US)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#factor = factorAt(this.#contract, wallUs)
    }
    return this.#factor
  }
}

function factorAt(contract: SimContract, wallUs: number): number {
  const opens = minuteOfDay(contract.liquidHours.opens)
  const closes = minuteOfDay(contract.liquidHours.closes)
  const { minute } = localTime(dateOfUs(wallUs), contract.timeZone)
  if (opens >= closes) return 1 // an evening start is liquid around the clock
  if (minute < opens || minute >= closes) return QUIET
  const fromMidday = (2 * (minute - opens)) / (closes - opens) - 1
  return MIDDAY + EDGE * fromMidday ** 4
}
