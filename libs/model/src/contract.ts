/** What IB's contract look-up says of one contract. Unset values are left out, never a word like "N/A". */
export interface Contract {
  /** IB contract id. */
  cid: number
  symbol: string
  secType: string
  exchange: string
  currency: string
  primaryExchange?: string
  localSymbol?: string
  tradingClass?: string
  /** Last trade date or contract month, as IB spells it. */
  expiry?: string
  multiplier?: string
  strike?: number
  right?: string
  /** Smallest price step. */
  minTick?: number
  longName?: string
  /** IB's own spelling of zone and hours; libs that need sessions parse them. */
  timeZoneId?: string
  tradingHours?: string
  liquidHours?: string
}
