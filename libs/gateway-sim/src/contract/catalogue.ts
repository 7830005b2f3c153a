import type { ContractQuery } from '../wire/request.ts'
import type { SimContract } from './contract.ts'
import { frontExpiry } from './quarterly-expiry.ts'
import { unknownStock, usStock } from './us-stock.ts'

/** The contracts that the simulated gateway knows. */
export class Catalogue {
  readonly #byConId = new Map<number, SimContract>()

  /** @param now decides which expiry the future has: 711280073 was MNQU5 once, here it never expires */
  constructor(now: Date) {
    for (const contract of [microNasdaq(now), APPLE, IBM, SPY, EURO_DOLLAR]) this.#byConId.set(contract.conId, contract)
  }

  /** Makes sure that a contract id of a replay file can be asked for. */
  addUnknown(conId: number): void {
    if (!this.#byConId.has(conId)) this.#byConId.set(conId, unknownStock(conId))
  }

  /** Contracts that fit all that the query says. A contract id alone decides; without one, symbol (or local symbol) and type are needed. */
  find(query: ContractQuery): readonly SimContract[] {
    if (query.conId !== undefined) {
      const contract = this.#byConId.get(query.conId)
      return contract === undefined ? [] : [contract]
    }
    if (query.secType === '' || (query.symbol === '' && query.localSymbol === '')) return []
    return [...this.#byConId.values()].filter((contract) => fits(query, contract))
  }
}

function fits(query: ContractQuery, contract: SimContract): boolean {
  const asked = (wanted: string, ...offered: string[]) => wanted === '' || offered.includes(wanted)
  return (
    asked(query.secType, contract.secType) &&
    asked(query.symbol, contract.symbol) &&
    asked(query.localSymbol, contract.localSymbol) &&
    asked(query.tradingClass, contract.tradingClass) &&
    asked(query.currency, contract.currency) &&
    asked(query.exchange, contract.exchange, ...contract.validExchanges) &&
    asked(query.primaryExchange, contract.primaryExchange, contract.exchange) &&
    asked(query.expiry, contract.lastTradeDay, contract.contractMonth)
  )
}

function microNasdaq(now: Date): SimContract {
  const expiry = frontExpiry(now)
  return {
    conId: 711280073,
    symbol: 'MNQ',
    secType: 'FUT',
    lastTradeDay: expiry.day,
    lastTradeTime: '08:30',
    contractMonth: expiry.month,
    exchange: 'CME',
    primaryExchange: '',
    currency: 'USD',
    localSymbol: `MNQ${expiry.code}`,
    marketName: 'MNQ',
    tradingClass: 'MNQ',
    longName: 'Micro E-Mini Nasdaq-100 Index',
    minTick: 0.25,
    multiplier: '2',
    validExchanges: ['CME', 'QBALGO'],
    underConId: 362687422,
    underSymbol: 'MNQ',
    underSecType: 'IND',
    industry: '',
    category: '',
    subcategory: '',
    stockType: '',
    isin: '',
    aggGroup: 2147483647,
    marketRuleId: 67,
    minSize: 1,
    sizeIncrement: 1,
    suggestedSizeIncrement: 1,
    timeZone: 'US/Central',
    tradingHours: { opens: '1700', closes: '1600' },
    liquidHours: { opens: '0830', closes: '1600' },
  }
}

const APPLE = usStock({
  conId: 265598,
  symbol: 'AAPL',
  primaryExchange: 'NASDAQ',
  longName: 'APPLE INC',
  tradingClass: 'NMS',
  marketName: 'NMS',
  industry: 'Technology',
  category: 'Computers',
  subcategory: 'Computers',
  isin: 'US0378331005',
})

const IBM = usStock({
  conId: 8314,
  symbol: 'IBM',
  primaryExchange: 'NYSE',
  longName: 'INTL BUSINESS MACHINES CORP',
  industry: 'Technology',
  category: 'Computers',
  subcategory: 'Computer Services',
  isin: 'US4592001014',
})

const SPY = usStock({
  conId: 756733,
  symbol: 'SPY',
  primaryExchange: 'ARCA',
  longName: 'SS SPDR S&P 500 ETF TRUST-US',
  stockType: 'ETF',
  isin: 'US78462F1030',
})

const EURO_DOLLAR: SimContract = {
  ...usStock({ conId: 12087792, symbol: 'EUR', primaryExchange: '', longName: 'European Monetary Union Euro' }),
  secType: 'CASH',
  exchange: 'IDEALPRO',
  localSymbol: 'EUR.USD',
  marketName: 'EUR.USD',
  tradingClass: 'EUR.USD',
  minTick: 0.00005,
  validExchanges: ['IDEALPRO'],
  stockType: '',
  aggGroup: 4,
  marketRuleId: 239,
  minSize: 0.01,
  sizeIncrement: 0.01,
  suggestedSizeIncrement: 0.01,
  tradingHours: { opens: '1715', closes: '1700' },
  liquidHours: { opens: '1715', closes: '1700' },
}
