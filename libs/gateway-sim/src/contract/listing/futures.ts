import type { SimContract } from '../contract.ts'
import { cmeHolidays, type HolidayRule, nymexHolidays } from '../holidays.ts'
import { compactDay, type ExpiryCycle, expiriesAround, frontExpiry, MONTHLY_OIL, QUARTERLY } from './expiry.ts'
import { derivedConId, plainContract } from './plain-contract.ts'

/** What the contracts of a root have in common. */
interface FutureRoot {
  readonly symbol: string
  readonly exchange: string
  readonly longName: string
  readonly minTick: number
  readonly multiplier: string
  readonly cycle: ExpiryCycle
  readonly lastTradeTime: string
  readonly timeZone: string
  readonly opens: string
  readonly closes: string
  readonly liquidOpens: string
  readonly liquidCloses: string
  readonly underConId: number
  readonly underSecType: string
  /** Contract id of whatever is the front when the simulator starts. */
  readonly frontConId?: number
  readonly validExchanges: readonly string[]
  readonly holidays: HolidayRule
  readonly marketRuleId: number
}

const CME_INDEX = {
  exchange: 'CME',
  minTick: 0.25,
  cycle: QUARTERLY,
  lastTradeTime: '08:30',
  timeZone: 'US/Central',
  opens: '1700',
  closes: '1600',
  liquidOpens: '0830',
  liquidCloses: '1600',
  underSecType: 'IND',
  validExchanges: ['CME', 'QBALGO'],
  holidays: cmeHolidays,
  marketRuleId: 67,
} as const

const ROOTS: readonly FutureRoot[] = [
  {
    ...CME_INDEX,
    symbol: 'MNQ',
    longName: 'Micro E-Mini Nasdaq-100 Index',
    multiplier: '2',
    underConId: 362687422,
    // MNQU5 once; here it is always the front, so that the id people know can be tried.
    frontConId: 711280073,
  },
  { ...CME_INDEX, symbol: 'ES', longName: 'E-mini S&P 500', multiplier: '50', underConId: 11004968 },
  {
    symbol: 'CL',
    exchange: 'NYMEX',
    longName: 'Light Sweet Crude Oil',
    minTick: 0.01,
    multiplier: '1000',
    cycle: MONTHLY_OIL,
    lastTradeTime: '14:30',
    timeZone: 'US/Eastern',
    opens: '1800',
    closes: '1700',
    liquidOpens: '0900',
    liquidCloses: '1430',
    underConId: 17340715,
    underSecType: 'CMDTY',
    validExchanges: ['NYMEX', 'QBALGO'],
    holidays: nymexHolidays,
    marketRuleId: 32,
  },
]

/** Expiries that are kept after their end, and that can be traded. */
const EXPIRED = 2
const TRADED = 5

/** Several expiries of each root around a date; some of them are over. */
export function futuresAround(now: Date): readonly SimContract[] {
  return ROOTS.flatMap((root) => {
    const all = expiriesAround(now, root.cycle)
    const next = all.findIndex(({ day }) => day >= compactDay(now))
    const front = frontExpiry(now, root.cycle)
    return all.slice(Math.max(0, next - EXPIRED), next + TRADED).map((expiry) => {
      const localSymbol = `${root.symbol}${expiry.code}`
      const frontConId = expiry.day === front.day ? root.frontConId : undefined
      return future(root, expiry, localSymbol, frontConId ?? derivedConId(`${localSymbol} ${expiry.month}`))
    })
  })
}

function future(root: FutureRoot, expiry: { day: string; month: string }, localSymbol: string, conId: number): SimContract {
  const { symbol, opens, closes, liquidOpens, liquidCloses, cycle: _cycle, frontConId: _front, ...common } = root
  return plainContract({
    ...common,
    conId,
    symbol,
    secType: 'FUT',
    currency: 'USD',
    localSymbol,
    lastTradeDay: expiry.day,
    contractMonth: expiry.month,
    underSymbol: symbol,
    aggGroup: 2147483647,
    tradingHours: [{ opens, closes }],
    liquidHours: [{ opens: liquidOpens, closes: liquidCloses }],
  })
}
