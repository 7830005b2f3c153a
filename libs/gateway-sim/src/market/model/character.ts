import type { SimContract } from '../../contract/contract.ts'

/** How a contract trades. */
export interface Character {
  /** Mean of quotes and trades together, at rate 1 and intensity 1. */
  readonly ticksPerSecond: number
  /** Middle of its prices. */
  readonly price: number
  /** Typical move within a second, in ticks. */
  readonly ticksPerRootSecond: number
  /** Share of events that are trades. */
  readonly tradeShare: number
  /** Widest usual spread, in ticks. */
  readonly maxSpreadTicks: number
  /** Smallest size at the bid or ask; others are multiples. */
  readonly quoteLot: number
  /** Smallest common trade size. */
  readonly tradeLot: number
  /** Exchange codes of trades, with weights. */
  readonly exchanges: readonly (readonly [code: string, weight: number])[]
}

const STOCK_EXCHANGES: Character['exchanges'] = [
  ['NASDAQ', 30],
  ['FINRA', 25],
  ['ARCA', 15],
  ['NYSE', 10],
  ['BATS', 8],
  ['EDGEA', 4],
  ['IEX', 4],
  ['MEMX', 3],
  ['BYX', 1],
]

const STOCK: Character = {
  ticksPerSecond: 25,
  price: 100,
  ticksPerRootSecond: 0.6,
  tradeShare: 0.2,
  maxSpreadTicks: 4,
  quoteLot: 100,
  tradeLot: 1,
  exchanges: STOCK_EXCHANGES,
}

const FUTURE: Character = { ...STOCK, ticksPerSecond: 50, tradeShare: 0.25, maxSpreadTicks: 3, quoteLot: 1 }
/** IB has no trades of currencies. */
const CURRENCY: Character = { ...STOCK, ticksPerSecond: 30, tradeShare: 0, maxSpreadTicks: 2, quoteLot: 500_000 }

/** By symbol and type, for those whose prices people know. */
const CHARACTERS: ReadonlyMap<string, Character> = new Map([
  ['MNQ FUT', { ...FUTURE, price: 23477.5, exchanges: [['CME', 1]] }],
  ['ES FUT', { ...FUTURE, price: 6432.25, exchanges: [['CME', 1]] }],
  ['CL FUT', { ...FUTURE, ticksPerSecond: 30, price: 69.2, exchanges: [['NYMEX', 1]] }],
  ['AAPL STK', { ...STOCK, ticksPerSecond: 40, price: 229.35, maxSpreadTicks: 2 }],
  ['IBM STK', { ...STOCK, price: 281.9, maxSpreadTicks: 8 }],
  ['SPY STK', { ...STOCK, ticksPerSecond: 60, price: 641.2, maxSpreadTicks: 2 }],
  ['SAP STK', { ...STOCK, price: 245.3, exchanges: [['IBIS', 1]] }],
  ['7203 STK', { ...STOCK, price: 2740, exchanges: [['TSEJ', 1]] }],
  ['EUR CASH', { ...CURRENCY, price: 1.1712 }],
  ['USD CASH', { ...CURRENCY, price: 148.35 }],
  ['XAUUSD CMDTY', { ...CURRENCY, price: 3340.5, quoteLot: 100 }],
  ['IBUS500 CFD', { ...FUTURE, price: 6430.1, tradeShare: 0 }],
])

/** The character of a known contract, or that of an ordinary share. */
export function characterOf({ symbol, secType }: SimContract): Character {
  return CHARACTERS.get(`${symbol} ${secType}`) ?? STOCK
}
