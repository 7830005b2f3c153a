import { type Clock, US_PER_SECOND } from '../clock.ts'

/** `accept` the message · `refuse` it with error 100 · `end` the connection with it: the third second with too many. */
export type RateVerdict = 'accept' | 'refuse' | 'end'

const STRIKES = 3

/** Counts a client's messages in a sliding second. */
export class MessageRate {
  readonly #limit: number
  readonly #clock: Clock
  #acceptedAtUs: number[] = []
  #strikes = 0
  #struckAtUs = Number.NEGATIVE_INFINITY

  /** @param limit messages a second; 0: any number */
  constructor(limit: number, clock: Clock) {
    this.#limit = limit
    this.#clock = clock
  }

  judge(): RateVerdict {
    if (this.#limit === 0) return 'accept'
    const nowUs = this.#clock.steadyUs()
    const sinceUs = nowUs - US_PER_SECOND
    this.#acceptedAtUs = this.#acceptedAtUs.filter((us) => us > sinceUs)
    if (this.#acceptedAtUs.length < this.#limit) {
      this.#acceptedAtUs.push(nowUs)
      return 'accept'
    }
    if (this.#struckAtUs <= sinceUs) {
      this.#struckAtUs = nowUs
      this.#strikes++
    }
    return this.#strikes < STRIKES ? 'refuse' : 'end'
  }
}
