import { floorToSecondUs } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import { pareto, type Random, weighted } from '../../random.ts'
import type { QuoteTick, TradeTick } from '../tick.ts'
import type { Character } from './character.ts'

const MOVE = 0.35
/** How strongly quotes are drawn to the level, chance of a step towards it per tick of distance. */
const PULL = 0.2
const ONE_SIDED = 0.002
/** Of one-sided quotes, those that say -1 for the missing price instead of leaving it unset. */
const MINUS_ONE = 0.25
/** No second knows the day before it, so a bid this many ticks below the level stands for a new low of the day, and an ask as far above its usual place for a new high. */
const EXTREME_TICKS = 2
const AT_BID_OR_ASK = 0.92
const UNREPORTED = 0.01
const SPECIAL = 0.06
const FRACTIONAL = 0.015
const QUOTE_TAIL = 1.3
const TRADE_TAIL = 1.1
const MAX_SIZE_LOTS = 10_000

/** Makes the quotes and trades of one contract, each from the one before it. */
export class OrderFlow {
  readonly #contract: SimContract
  readonly #character: Character
  readonly #random: Random
  readonly #priceDigits: number
  /** Bid and spread are held in ticks, so every price lies on the grid. */
  #bidTicks: number
  #spreadTicks: number

  /** @param bidTicks first bid, in ticks */
  constructor(contract: SimContract, character: Character, random: Random, bidTicks: number) {
    this.#contract = contract
    this.#character = character
    this.#random = random
    this.#priceDigits = Math.max(0, Math.ceil(-Math.log10(contract.minTick)) + 1)
    this.#bidTicks = bidTicks
    this.#spreadTicks = this.#drawSpread()
  }

  /** @param levelTicks where the price is drawn to, in ticks */
  tick(us: number, levelTicks: number): QuoteTick | TradeTick {
    return this.#random() < this.#character.tradeShare ? this.#trade(us) : this.#quote(us, levelTicks)
  }

  /** A print of an auction: large, at the bid, under a condition of its own. */
  auction(us: number, conditions: string): TradeTick {
    const size = this.#character.quoteLot * Math.ceil(MAX_SIZE_LOTS * (0.1 + this.#random()) * 0.1)
    return { ...this.#print(us), price: this.#price(this.#bidTicks), size, conditions }
  }

  #quote(us: number, levelTicks: number): QuoteTick {
    this.#move(levelTicks)
    const missing = this.#random() < ONE_SIDED ? weighted<'bid' | 'ask' | 'none'>(this.#random, ONE_OF_TWO) : 'none'
    const unset = missing !== 'none' && this.#random() < MINUS_ONE ? MINUS_ONE_SIDE : UNSET_SIDE
    const bid = { price: this.#price(this.#bidTicks), size: this.#quoteSize() }
    const ask = { price: this.#price(this.#bidTicks + this.#spreadTicks), size: this.#quoteSize() }
    const [bidSide, askSide] = [missing === 'bid' ? unset : bid, missing === 'ask' ? unset : ask]
    return {
      kind: 'bid_ask',
      conId: this.#contract.conId,
      tsUs: floorToSecondUs(us),
      bid: bidSide.price,
      bidSize: bidSide.size,
      ask: askSide.price,
      askSize: askSide.size,
      bidPastLow: missing !== 'bid' && this.#bidTicks <= levelTicks - EXTREME_TICKS,
      askPastHigh:
        missing !== 'ask' && this.#bidTicks + this.#spreadTicks >= levelTicks + this.#character.maxSpreadTicks + EXTREME_TICKS - 1,
    }
  }

  #trade(us: number): TradeTick {
    const inside = Math.floor(this.#spreadTicks / 2)
    const away = this.#random() < AT_BID_OR_ASK ? (this.#random() < 0.5 ? 0 : this.#spreadTicks) : inside
    const size = this.#tradeSize()
    const stock = this.#contract.secType === 'STK'
    const unreported = stock && this.#random() < UNREPORTED
    const conditions = stock ? this.#conditions(size, unreported) : ''
    return { ...this.#print(us), price: this.#price(this.#bidTicks + away), size, unreported, conditions }
  }

  #print(us: number): TradeTick {
    return {
      kind: 'all_last',
      conId: this.#contract.conId,
      tsUs: floorToSecondUs(us),
      price: undefined,
      size: undefined,
      pastLimit: false,
      unreported: false,
      exchange: weighted(this.#random, this.#character.exchanges),
      conditions: '',
    }
  }

  #conditions(size: number, unreported: boolean): string {
    if (unreported) return weighted(this.#random, UNREPORTED_CONDITIONS)
    if (this.#random() < SPECIAL) return weighted(this.#random, SPECIAL_CONDITIONS)
    return size < this.#character.quoteLot ? '   I' : ''
  }

  #move(levelTicks: number): void {
    const up = 0.5 + Math.max(-0.5, Math.min(0.5, PULL * (levelTicks - this.#bidTicks)))
    if (this.#random() < MOVE) this.#bidTicks = Math.max(1, this.#bidTicks + (this.#random() < up ? 1 : -1))
    if (this.#random() < MOVE) this.#spreadTicks = this.#drawSpread()
  }

  #drawSpread(): number {
    return 1 + Math.floor(this.#random() ** 2 * this.#character.maxSpreadTicks)
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

const UNSET_SIDE = { price: undefined, size: undefined }
const MINUS_ONE_SIDE = { price: -1, size: 0 }

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
