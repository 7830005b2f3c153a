/** What IB says about a contract; what it does not say is left out. */
export interface Contract {
  cid: number
  symbol: string
  /** STK, FUT, OPT, CASH, IND, CFD, BOND, FUND, CMDTY… */
  secType: string
  exchange: string
  primaryExchange?: string
  currency: string
  localSymbol?: string
  tradingClass?: string
  /** Last trading date as IB writes it: `20250620` or `20250620 08:30 US/Central`. */
  lastTradeDate?: string
  /** `202506` */
  contractMonth?: string
  strike?: number
  right?: string
  multiplier?: number
  /** Least price change. */
  minTick?: number
  priceMagnifier?: number
  marketName?: string
  longName?: string
  industry?: string
  category?: string
  subcategory?: string
  validExchanges?: string
  underlyingCid?: number
  /** Zone of the hours; IANA's or one of IB's own names. */
  timeZoneId: string
  tradingHours: string
  liquidHours: string
  /** Hours that IB told before, of days that are over, oldest first; only of contracts that are asked for by their id. */
  toldBefore?: readonly { timeZoneId: string; tradingHours: string; liquidHours: string }[]
  /** When IB said so, µs UTC. */
  askedUs: number
}

/** A look-up: everything that is given must fit. Symbols and types in IB's spelling, in capitals. */
export interface ContractQuery {
  cid?: number
  symbol?: string
  secType?: string
  exchange?: string
  currency?: string
  /** `YYYYMM` or `YYYYMMDD`. */
  expiry?: string
  strike?: number
  right?: 'C' | 'P'
}

/** What a look-up answers over the bus. */
export type ContractAnswer =
  | {
      ok: true
      contracts: Contract[]
      /** From the cache because IB is away, or still good; `ageSeconds` says how old the oldest is. */
      cached: boolean
      ageSeconds: number
    }
  | { ok: false; code: string; message: string; field?: string }
