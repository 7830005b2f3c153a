import type { SimContract } from '../contract.ts'
import { compactDay, thirdFriday } from './expiry.ts'
import { derivedConId, plainContract } from './plain-contract.ts'

/** A chain's middle and the distance of its strikes. */
interface Chain {
  readonly symbol: string
  readonly middle: number
  readonly step: number
}

const CHAINS: readonly Chain[] = [
  { symbol: 'AAPL', middle: 230, step: 5 },
  { symbol: 'SPY', middle: 640, step: 5 },
]
const EXPIRIES = 4
const STRIKES_EACH_SIDE = 6

/** Monthly option chains of two shares: four expiries, 13 strikes, calls and puts. */
export function optionsAround(now: Date, stocks: readonly SimContract[]): readonly SimContract[] {
  const expiries = Array.from({ length: EXPIRIES + 1 }, (_, i) => compactDay(thirdFriday(now.getUTCFullYear(), now.getUTCMonth() + i)))
    .filter((day) => day >= compactDay(now))
    .slice(0, EXPIRIES)
  return CHAINS.flatMap((chain) => {
    const under = stocks.find(({ symbol }) => symbol === chain.symbol)
    if (under === undefined) return []
    return expiries.flatMap((day) =>
      strikesOf(chain).flatMap((strike) => (['C', 'P'] as const).map((right) => option(under, day, strike, right))),
    )
  })
}

function strikesOf({ middle, step }: Chain): readonly number[] {
  return Array.from({ length: 2 * STRIKES_EACH_SIDE + 1 }, (_, i) => middle + (i - STRIKES_EACH_SIDE) * step)
}

function option(under: SimContract, day: string, strike: number, right: 'C' | 'P'): SimContract {
  // The OCC's symbol: root in six places, YYMMDD, right, strike in thousandths in eight.
  const localSymbol = `${under.symbol.padEnd(6)}${day.slice(2)}${right}${String(strike * 1000).padStart(8, '0')}`
  return plainContract({
    conId: derivedConId(localSymbol),
    symbol: under.symbol,
    secType: 'OPT',
    exchange: 'SMART',
    currency: 'USD',
    longName: under.longName,
    localSymbol,
    marketName: under.symbol,
    tradingClass: under.symbol,
    lastTradeDay: day,
    lastTradeTime: '16:00',
    contractMonth: day.slice(0, 6),
    strike,
    right,
    multiplier: '100',
    validExchanges: ['SMART', 'AMEX', 'CBOE', 'PHLX', 'ISE', 'BOX', 'NASDAQOM'],
    underConId: under.conId,
    underSymbol: under.symbol,
    underSecType: 'STK',
  })
}
