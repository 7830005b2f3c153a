import type { SimContract } from '../../contract/contract.ts'

/** How a contract trades. */
export interface Character {
  /** Mean of quotes and trades together, at rate 1 and intensity 1. */
  readonly ticksPerSecond: number
  /** First mid price. */
  readonly price: number
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
  tradeShare: 0.2,
  maxSpreadTicks: 4,
  quoteLot: 100,
  tradeLot: 1,
  exchanges: STOCK_EXCHANGES,
}

const CHARACTERS: ReadonlyMap<number, Character> = new Map([
  [
    711280073,
    { ticksPerSecond: 50, price: 23477.5, tradeShare: 0.25, maxSpreadTicks: 3, quoteLot: 1, tradeLot: 1, exchanges: [['CME', 1]] },
  ],
  [265598, { ...STOCK, ticksPerSecond: 40, price: 229.35, maxSpreadTicks: 2 }],
  [8314, { ...STOCK, price: 281.9, maxSpreadTicks: 8 }],
  [756733, { ...STOCK, ticksPerSecond: 60, price: 641.2, maxSpreadTicks: 2 }],
  // IB has no trades of currencies.
  [12087792, { ...STOCK, ticksPerSecond: 30, price: 1.1712, tradeShare: 0, maxSpreadTicks: 2, quoteLot: 500_000 }],
])

/** The character of a known contract, or that of an ordinary share. */
export function characterOf(contract: SimContract): Character {
  return CHARACTERS.get(contract.conId) ?? STOCK
}
