import type { SimContract } from './contract.ts'

/** What differs between two US stocks. */
export type UsStock = Pick<SimContract, 'conId' | 'symbol' | 'primaryExchange' | 'longName'> & Partial<SimContract>

const EXCHANGES =
  'SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,EDGX,FOXRIVER,PEARL,NYSENAT,LTSE,MEMX,IBEOS'

/** A US listed share on SMART: penny ticks, 04:00–20:00 US/Eastern, liquid from 09:30 to 16:00. */
export function usStock(stock: UsStock): SimContract {
  return {
    secType: 'STK',
    lastTradeDay: '',
    lastTradeTime: '',
    contractMonth: '',
    exchange: 'SMART',
    currency: 'USD',
    localSymbol: stock.symbol,
    marketName: stock.symbol,
    tradingClass: stock.symbol,
    minTick: 0.01,
    multiplier: '',
    validExchanges: EXCHANGES.split(','),
    underConId: 0,
    underSymbol: '',
    underSecType: '',
    industry: '',
    category: '',
    subcategory: '',
    stockType: 'COMMON',
    isin: '',
    aggGroup: 1,
    marketRuleId: 26,
    minSize: 0.0001,
    sizeIncrement: 0.0001,
    suggestedSizeIncrement: 100,
    timeZone: 'US/Eastern',
    tradingHours: { opens: '0400', closes: '2000' },
    liquidHours: { opens: '0930', closes: '1600' },
    ...stock,
  }
}

/** A plausible share for a contract id that only a replay file knows. */
export function unknownStock(conId: number): SimContract {
  return usStock({ conId, symbol: `C${conId}`, primaryExchange: 'NASDAQ', longName: `CONTRACT ${conId} (FROM A REPLAY FILE)` })
}
