import type { HolidayRule } from './holidays.ts'

/** Opening and closing times, `HHMM` in the contract's zone; one that opens later than it closes opens on the evening before. */
export interface DayHours {
  readonly opens: string
  readonly closes: string
}

/** The types of contract that IB knows and this gateway has. */
export type SecType = 'STK' | 'FUT' | 'OPT' | 'CASH' | 'IND' | 'CFD' | 'BOND' | 'FUND' | 'CMDTY'

/** What IB tells of a bond, in message 18. */
export interface BondFacts {
  readonly cusip: string
  readonly coupon: number
  /** `YYYYMMDD`. */
  readonly maturity: string
  readonly issueDate: string
  readonly ratings: string
  readonly bondType: string
  readonly couponType: string
  readonly descAppend: string
}

/** The 17 fund fields of CONTRACT_DATA, in their order. */
export type FundFacts = readonly [
  name: string,
  family: string,
  type: string,
  frontLoad: string,
  backLoad: string,
  backLoadTimeInterval: string,
  managementFee: string,
  closed: 0 | 1,
  closedForNewInvestors: 0 | 1,
  closedForNewMoney: 0 | 1,
  notifyAmount: string,
  minimumInitialPurchase: string,
  subsequentMinimumPurchase: string,
  blueSkyStates: string,
  blueSkyTerritories: string,
  distributionPolicyIndicator: string,
  assetType: string,
]

/** Everything that IB tells about a contract and the market model needs. Times and sizes as in CONTRACT_DATA. */
export interface SimContract {
  readonly conId: number
  readonly symbol: string
  readonly secType: SecType
  /** Last trading day `YYYYMMDD` and time `HH:MM`, both '' where nothing expires. */
  readonly lastTradeDay: string
  readonly lastTradeTime: string
  readonly contractMonth: string
  /** Of an option; else 0 and ''. */
  readonly strike: number
  readonly right: '' | 'C' | 'P'
  readonly exchange: string
  readonly primaryExchange: string
  readonly currency: string
  readonly localSymbol: string
  readonly marketName: string
  readonly tradingClass: string
  readonly longName: string
  readonly minTick: number
  readonly multiplier: string
  readonly validExchanges: readonly string[]
  readonly underConId: number
  readonly underSymbol: string
  readonly underSecType: string
  readonly industry: string
  readonly category: string
  readonly subcategory: string
  readonly stockType: string
  readonly isin: string
  readonly aggGroup: number
  readonly marketRuleId: number
  readonly minSize: number
  readonly sizeIncrement: number
  readonly suggestedSizeIncrement: number
  readonly timeZone: string
  /** Sessions of a day; more than one where there is a lunch break. */
  readonly tradingHours: readonly DayHours[]
  readonly liquidHours: readonly DayHours[]
  readonly holidays: HolidayRule
  readonly bond?: BondFacts
  readonly fund?: FundFacts
}
