import type { SimContract } from '../contract.ts'
import { usStockHolidays } from '../holidays.ts'

/** What every contract says for itself. */
export type ContractCore = Pick<SimContract, 'conId' | 'symbol' | 'secType' | 'exchange' | 'currency' | 'longName'> & Partial<SimContract>

/** A contract whose other fields are those that most have: nothing expires, one exchange, ticks of 0.01, round the clock on weekdays. */
export function plainContract(core: ContractCore): SimContract {
  return {
    lastTradeDay: '',
    lastTradeTime: '',
    contractMonth: '',
    strike: 0,
    right: '',
    primaryExchange: '',
    localSymbol: core.symbol,
    marketName: core.symbol,
    tradingClass: core.symbol,
    minTick: 0.01,
    multiplier: '',
    validExchanges: [core.exchange],
    underConId: 0,
    underSymbol: '',
    underSecType: '',
    industry: '',
    category: '',
    subcategory: '',
    stockType: '',
    isin: '',
    aggGroup: 1,
    marketRuleId: 26,
    minSize: 1,
    sizeIncrement: 1,
    suggestedSizeIncrement: 1,
    timeZone: 'US/Eastern',
    tradingHours: [{ opens: '0930', closes: '1600' }],
    liquidHours: [{ opens: '0930', closes: '1600' }],
    holidays: usStockHolidays,
    ...core,
  }
}

const FIRST_DERIVED_ID = 600_000_000
const DERIVED_IDS = 99_000_000

/** A contract id for what has none that people know: always the same for the same name (FNV-1a). */
export function derivedConId(name: string): number {
  let hash = 0x811c9dc5
  for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return FIRST_DERIVED_ID + ((hash >>> 0) % DERIVED_IDS)
}
