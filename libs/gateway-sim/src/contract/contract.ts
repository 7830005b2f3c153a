/** Opening and closing times of a trading day, `HHMM` in the contract's zone; one that opens later than it closes opens on the evening before. */
export interface DayHours {
  readonly opens: string
  readonly closes: string
}

/** Everything that IB tells about a contract and the market model needs. Times and sizes as in CONTRACT_DATA. */
export interface SimContract {
  readonly conId: number
  readonly symbol: string
  readonly secType: 'STK' | 'FUT' | 'CASH'
  /** Last trading day `YYYYMMDD` and time `HH:MM`, both '' where nothing expires. */
  readonly lastTradeDay: string
  readonly lastTradeTime: string
  readonly contractMonth: string
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
  readonly tradingHours: DayHours
  readonly liquidHours: DayHours
}
