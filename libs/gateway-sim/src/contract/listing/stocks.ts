import type { SimContract } from '../contract.ts'
import { tokyoHolidays, xetraHolidays } from '../holidays.ts'
import { plainContract } from './plain-contract.ts'

/** What differs between two US stocks. */
export type UsStock = Pick<SimContract, 'conId' | 'symbol' | 'primaryExchange' | 'longName'> & Partial<SimContract>

const EXCHANGES =
  'SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,EDGX,FOXRIVER,PEARL,NYSENAT,LTSE,MEMX,IBEOS'

/** A US listed share on SMART: penny ticks, 04:00–20:00 US/Eastern, liquid from 09:30 to 16:00. */
export function usStock(stock: UsStock): SimContract {
  return plainContract({
    secType: 'STK',
    exchange: 'SMART',
    currency: 'USD',
    validExchanges: EXCHANGES.split(','),
    stockType: 'COMMON',
    minSize: 0.0001,
    sizeIncrement: 0.0001,
    suggestedSizeIncrement: 100,
    tradingHours: [{ opens: '0400', closes: '2000' }],
    ...stock,
  })
}

/** A plausible share for a contract id that only a replay file knows. */
export function unknownStock(conId: number): SimContract {
  return usStock({ conId, symbol: `C${conId}`, primaryExchange: 'NASDAQ', longName: `CONTRACT ${conId} (FROM A REPLAY FILE)` })
}

const TECHNOLOGY = { industry: 'Technology', category: 'Computers' } as const

/** The shares: five in New York, one of them also in Frankfurt (so `SAP STK` is two contracts), one in Tokyo with its lunch break. */
export const STOCKS: readonly SimContract[] = [
  usStock({
    conId: 265598,
    symbol: 'AAPL',
    primaryExchange: 'NASDAQ',
    longName: 'APPLE INC',
    tradingClass: 'NMS',
    marketName: 'NMS',
    ...TECHNOLOGY,
    subcategory: 'Computers',
    isin: 'US0378331005',
  }),
  usStock({
    conId: 8314,
    symbol: 'IBM',
    primaryExchange: 'NYSE',
    longName: 'INTL BUSINESS MACHINES CORP',
    ...TECHNOLOGY,
    subcategory: 'Computer Services',
    isin: 'US4592001014',
  }),
  usStock({
    conId: 76792991,
    symbol: 'TSLA',
    primaryExchange: 'NASDAQ',
    longName: 'TESLA INC',
    tradingClass: 'NMS',
    marketName: 'NMS',
    industry: 'Consumer, Cyclical',
    category: 'Auto Manufacturers',
    subcategory: 'Auto-Cars/Light Trucks',
    isin: 'US88160R1014',
  }),
  usStock({
    conId: 756733,
    symbol: 'SPY',
    primaryExchange: 'ARCA',
    longName: 'SS SPDR S&P 500 ETF TRUST-US',
    stockType: 'ETF',
    isin: 'US78462F1030',
  }),
  usStock({
    conId: 4930,
    symbol: 'SAP',
    primaryExchange: 'NYSE',
    longName: 'SAP SE-SPONSORED ADR',
    stockType: 'ADR',
    isin: 'US8030542042',
  }),
  plainContract({
    conId: 14204,
    symbol: 'SAP',
    secType: 'STK',
    exchange: 'SMART',
    primaryExchange: 'IBIS',
    currency: 'EUR',
    longName: 'SAP SE',
    tradingClass: 'XETRA',
    marketName: 'XETRA',
    validExchanges: ['SMART', 'IBIS', 'FWB', 'TGATE'],
    stockType: 'COMMON',
    isin: 'DE0007164600',
    minTick: 0.02,
    marketRuleId: 814,
    timeZone: 'MET',
    tradingHours: [{ opens: '0900', closes: '1730' }],
    liquidHours: [{ opens: '0900', closes: '1730' }],
    holidays: xetraHolidays,
  }),
  plainContract({
    conId: 14016519,
    symbol: '7203',
    secType: 'STK',
    exchange: 'SMART',
    primaryExchange: 'TSEJ',
    currency: 'JPY',
    localSymbol: '7203.T',
    longName: 'TOYOTA MOTOR CORP',
    validExchanges: ['SMART', 'TSEJ', 'JPNNEXT'],
    stockType: 'COMMON',
    isin: 'JP3633400001',
    minTick: 0.5,
    marketRuleId: 183,
    suggestedSizeIncrement: 100,
    timeZone: 'Japan',
    tradingHours: tokyoHours(),
    liquidHours: tokyoHours(),
    holidays: tokyoHolidays,
  }),
]

function tokyoHours(): SimContract['tradingHours'] {
  return [
    { opens: '0900', closes: '1130' },
    { opens: '1230', closes: '1530' },
  ]
}
