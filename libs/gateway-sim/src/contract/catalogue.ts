import type { ContractQuery } from '../wire/request.ts'
import type { SimContract } from './contract.ts'
import { compactDay } from './listing/expiry.ts'
import { futuresAround } from './listing/futures.ts'
import { optionsAround } from './listing/options.ts'
import { OTHERS } from './listing/others.ts'
import { STOCKS, unknownStock } from './listing/stocks.ts'

/** IB gives no more samples for a pattern. */
const MOST_SAMPLES = 16

/** The contracts that the simulated gateway knows. */
export class Catalogue {
  readonly #byConId = new Map<number, SimContract>()
  readonly #today: () => Date

  /**
   * @param now decides which expiries there are, and which one is the front
   * @param today decides which of them are over
   */
  constructor(now: Date, today: () => Date = () => now) {
    this.#today = today
    for (const contract of [...STOCKS, ...futuresAround(now), ...OTHERS, ...optionsAround(now, STOCKS)])
      this.#byConId.set(contract.conId, contract)
  }

  /** Makes sure that a contract id of a replay file can be asked for. */
  addUnknown(conId: number): void {
    if (!this.#byConId.has(conId)) this.#byConId.set(conId, unknownStock(conId))
  }

  /**
   * Contracts that fit all that the query says. A contract id decides, on an exchange that has it; without one, symbol (or local symbol) and type are needed.
   * @param includeExpired also those whose last trading day is over
   */
  find(query: ContractQuery, includeExpired = false): readonly SimContract[] {
    const today = compactDay(this.#today())
    return this.#fitting(query).filter(({ lastTradeDay }) => includeExpired || lastTradeDay === '' || lastTradeDay >= today)
  }

  byConId(conId: number): SimContract | undefined {
    return this.#byConId.get(conId)
  }

  /** By ISIN or CUSIP. */
  findBySecId(type: string, id: string): readonly SimContract[] {
    return [...this.#byConId.values()].filter(({ isin, bond }) => (type === 'CUSIP' ? bond?.cusip : isin) === id && id !== '')
  }

  /** Options on an underlying, in the order of expiry, strike and right. */
  optionsOf(underConId: number): readonly SimContract[] {
    return [...this.#byConId.values()].filter((contract) => contract.secType === 'OPT' && contract.underConId === underConId)
  }

  /** Contracts whose symbol begins with a text, or whose name has it; one for each symbol, type and exchange. */
  matching(pattern: string): readonly SimContract[] {
    const wanted = pattern.toUpperCase()
    if (wanted === '') return []
    return [...this.#byConId.values()]
      .filter(({ secType }) => secType !== 'OPT' && secType !== 'FUT')
      .filter(({ symbol, longName }) => symbol.startsWith(wanted) || longName.toUpperCase().includes(wanted))
      .slice(0, MOST_SAMPLES)
  }

  /** The price step of a market rule. */
  minTickOf(ruleId: number): number | undefined {
    return [...this.#byConId.values()].find(({ marketRuleId }) => marketRuleId === ruleId)?.minTick
  }

  #fitting(query: ContractQuery): readonly SimContract[] {
    if (query.conId !== undefined) {
      const contract = this.#byConId.get(query.conId)
      return contract !== undefined && isTradedOn(query.exchange, contract) ? [contract] : []
    }
    if (query.secType === '' || (query.symbol === '' && query.localSymbol === '')) return []
    return [...this.#byConId.values()].filter((contract) => fits(query, contract))
  }
}

function isTradedOn(exchange: string, contract: SimContract): boolean {
  return exchange === '' || exchange === contract.exchange || contract.validExchanges.includes(exchange)
}

function fits(query: ContractQuery, contract: SimContract): boolean {
  const asked = (wanted: string, ...offered: string[]) => wanted === '' || offered.includes(wanted)
  return (
    asked(query.secType, contract.secType) &&
    // A bond goes by its CUSIP as well.
    asked(query.symbol, contract.symbol, contract.bond?.cusip ?? contract.symbol) &&
    asked(query.localSymbol, contract.localSymbol) &&
    asked(query.tradingClass, contract.tradingClass) &&
    asked(query.currency, contract.currency) &&
    isTradedOn(query.exchange, contract) &&
    asked(query.primaryExchange, contract.primaryExchange, contract.exchange) &&
    asked(query.multiplier, contract.multiplier) &&
    asked(query.right, contract.right) &&
    (query.strike === undefined || query.strike === contract.strike) &&
    asked(query.expiry, contract.lastTradeDay, contract.contractMonth)
  )
}
