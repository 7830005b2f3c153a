import { floorToSecondUs, secondsToUs } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import type { QuoteTick, Tick, TradeTick } from '../tick.ts'
import { BurstyArrivals } from './arrivals.ts'
import { type Character, characterOf } from './character.ts'
import { SessionIntensity } from './intensity.ts'
import { pareto, type Random, seededRandom, weighted } from './random.ts'

const MOVE = 0.35
/** Pull back to the first price, a tick's chance per share of distance: a walk of months must not reach zero. */
const PULL = 2
const ONE_SIDED = 0.002
const AT_BID_OR_ASK = 0.92
const UNREPORTED = 0.01
const SPECIAL = 0.06
const FRACTIONAL = 0.015
const QUOTE_TAIL = 1.3
const TRADE_TAIL = 1.1
const MAX_SIZE_LOTS = 10_000

/** How a market model is set up. */
export interface ModelSettings {
  readonly seed: number
  /** Multiplies the contract's mean tick rate. */
  readonly rate: number
}

/** The endless, seeded tape of one contract. Prices, sizes and their order depend on seed and contract only, the gaps on the time of day too. */
export class ContractModel {
  readonly #contract: SimContract
  readonly #character: Character
  readonly #random: Random
  readonly #arrivals: BurstyArrivals
  readonly #intensity: SessionIntensity
  readonly #rate: number
  readonly #priceDigits: number
  /** Middle and half the spread are held in ticks, so every price lies on the grid. */
  #bidTicks: number
  #spreadTicks = 1
  #nextUs: number

  /** @param startUs tape time at which the contract begins to trade */
  constructor(contract: SimContract, settings: ModelSettings, startUs: number) {
    this.#contract = contract
    this.#character = characterOf(contract)
    this.#random = seededRandom(settings.seed, contract.conId)
    this.#arrivals = new BurstyArrivals(this.#random)
    this.#intensity = new SessionIntensity(contract)
    this.#rate = settings.rate * this.#character.ticksPerSecond
    this.#priceDigits = Math.max(0, Math.ceil(-Math.log10(contract.minTick)) + 1)
    this.#bidTicks = Math.round(this.#character.price / contract.minTick)
    this.#nextUs = startUs
  }

  /** Tape time of the next event. */
  get nextUs(): number {
    return this.#nextUs
  }

  /**
   * The tick that is due next; moves on to the one after it.
   * @param wallUs wall time of that event
   */
  next(wallUs: number): Tick {
    const tsUs = floorToSecondUs(wallUs)
    const tick = this.#random() < this.#character.tradeShare ? this.#trade(tsUs) : this.#quote(tsUs)
    this.#nextUs += secondsToUs(this.#arrivals.nextGap() / (this.#rate * this.#intensity.at(wallUs)))
    return tick
  }

  #quote(tsUs: number): QuoteTick {
    this.#move()
    const lone = this.#random() < ONE_SIDED
    const without = lone ? weighted<'bid' | 'ask' | 'none'>(this.#random, ONE_OF_TWO) : 'none'
    const bidSize = this.#quoteSize()
    const askSize = this.#quoteSize()
    return {
      kind: 'bid_ask',
      conId: this.#contract.conId,
      tsUs,
      bid: without === 'bid' ? undefined : this.#price(this.#bidTicks),
      bidSize: without === 'bid' ? undefined : bidSize,
      ask: without === 'ask' ? undefined : this.#price(this.#bidTicks + this.#spreadTicks),
      askSize: without === 'ask' ? undefined : askSize,
      bidPastLow: false,
      askPastHigh: false,
    }
  }

  #trade(tsUs: number): TradeTick {
    const inside = Math.floor(this.#spreadTicks / 2)
    const away = this.#random() < AT_BID_OR_ASK ? (this.#random() < 0.5 ? 0 : this.#spreadTicks) : inside
    const size = this.#tradeSize()
    const stock = this.#contract.secType === 'STK'
    const unreported = stock && this.#random() < UNREPORTED
    return {
      kind: 'all_last',
      conId: this.#contract.conId,
      tsUs,
      price: this.#price(this.#bidTicks + away),
      size,
      pastLimit: false,
      unreported,
      exchange: weighted(this.#random, this.#character.exchanges),
      conditions: stock ? this.#conditions(size, unreported) : '',
    }
  }

  #conditions(size: number, unreported: boolean): string {
    if (unreported) return weighted(this.#random, UNREPORTED_CONDITIONS)
    if (this.#random() < SPECIAL) return weighted(this.#random, SPECIAL_CONDITIONS)
    return size < this.#character.quoteLot ? '   I' : ''
  }

  #move(): void {
    const start = this.#character.price / this.#contract.minTick
    const pull = (PULL * (start - this.#bidTicks)) / start
    if (this.#random() < MOVE) this.#bidTicks += this.#random() < 0.5 + pull ? 1 : -1
    if (this.#random() < MOVE) this.#spreadTicks = 1 + Math.floor(this.#random() ** 2 * this.#character.maxSpreadTicks)
  }

  #quoteSize(): number {
    return this.#character.quoteLot * Math.min(MAX_SIZE_LOTS, Math.floor(pareto(this.#random, QUOTE_TAIL)))
  }

  #tradeSize(): number {
    const { tradeLot, quoteLot } = this.#character
    if (this.#contract.secType === 'STK' && this.#random() < FRACTIONAL) return Number((this.#random() * quoteLot + 0.0001).toFixed(4))
    const lot = this.#random() < 0.4 ? quoteLot : tradeLot
    return lot * Math.min(MAX_SIZE_LOTS, Math.floor(pareto(this.#random, TRADE_TAIL)))
  }

  #price(ticks: number): number {
    return Number((ticks * this.#contract.minTick).toFixed(this.#priceDigits))
  }
}

const ONE_OF_TWO: readonly (readonly ['bid' | 'ask', number])[] = [
  ['bid', 1],
  ['ask', 1],
]

/** Columns of the consolidated tape: settlement, exemption, session, sale detail. */
const SPECIAL_CONDITIONS: readonly (readonly [string, number])[] = [
  [' F  ', 8],
  [' F I', 6],
  ['  T ', 2],
  [' O X', 1],
]

const UNREPORTED_CONDITIONS: readonly (readonly [string, number])[] = [
  ['   4', 3],
  ['   W', 2],
  ['   P', 1],
]
