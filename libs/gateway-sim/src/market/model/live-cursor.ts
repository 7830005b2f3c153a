import { US_PER_SECOND, wholeSeconds } from '../../clock.ts'
import type { MarketEvents } from '../market-events.ts'
import type { Tick } from '../tick.ts'
import type { ContractModel } from './contract-model.ts'
import type { SecondStreams } from './second-streams.ts'

/** Where a contract's live tape stands. */
export class LiveCursor {
  readonly #model: ContractModel
  readonly #events: MarketEvents
  #second: number
  #streams: SecondStreams
  #version: number
  /** Ticks of the second that are behind the cursor. */
  #taken = 0
  #positionUs: number

  /** @param fromUs wall time; earlier ticks of its second are passed over */
  constructor(model: ContractModel, events: MarketEvents, fromUs: number) {
    this.#model = model
    this.#events = events
    this.#version = events.version
    this.#second = wholeSeconds(fromUs)
    this.#streams = model.second(this.#second)
    while (this.#streams.nextUs < fromUs) this.#skip()
    this.#positionUs = fromUs
  }

  /** Everything before this moment was given out or passed over. */
  get positionUs(): number {
    return this.#positionUs
  }

  /** When there is something to do: a tick, or the next second. */
  get nextUs(): number {
    return Math.min(this.#streams.nextUs, (this.#second + 1) * US_PER_SECOND)
  }

  /** Takes what was ordered of the market into the second that is played. */
  refresh(): void {
    if (this.#version === this.#events.version) return
    this.#version = this.#events.version
    const taken = this.#taken
    this.#streams = this.#model.second(this.#second)
    this.#taken = 0
    // What was ordered begins after all that was given out, so as many are behind as before.
    while (this.#taken < taken && this.#streams.nextUs !== Number.POSITIVE_INFINITY) this.#skip()
  }

  /** Moves on. @returns the tick that was due, or undefined where a new second began */
  next(): Tick | undefined {
    this.#positionUs = this.nextUs
    if (this.#streams.nextUs !== Number.POSITIVE_INFINITY) {
      this.#taken++
      const tick = this.#streams.take()
      // A tick at the same moment is still to come; one later than it is not given yet.
      this.#positionUs = Math.min(this.#streams.nextUs, this.#positionUs + 1)
      return tick
    }
    this.#second++
    this.#streams = this.#model.second(this.#second)
    this.#taken = 0
    return undefined
  }

  #skip(): void {
    this.#streams.take()
    this.#taken++
  }
}
