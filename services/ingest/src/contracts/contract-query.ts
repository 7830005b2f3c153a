import { type ContractQuery, SEC_TYPES } from '@ib-stream/model'
import type { Contract as IbContract, SecType } from '@stoqey/ib'
import { z } from 'zod'

/** Where IB is asked when no exchange is named; undefined: on all of them. */
const DEFAULT_EXCHANGES: Readonly<Record<(typeof SEC_TYPES)[number], string | undefined>> = {
  STK: 'SMART',
  FUT: undefined, // CME, CBOT, NYMEX, EUREX…: a symbol does not say
  OPT: 'SMART',
  CASH: 'IDEALPRO',
  IND: undefined, // SPX is at CBOE, not at CME
  CFD: 'SMART',
  BOND: 'SMART',
  FUND: 'FUNDSERV',
  CMDTY: undefined,
}
const isSecType = (type: string): type is (typeof SEC_TYPES)[number] => (SEC_TYPES as readonly string[]).includes(type)
/** A symbol without a type is looked for under these, as one would expect of it. */
const COMMON_TYPES = ['STK', 'FUT', 'IND', 'CASH', 'CMDTY', 'CFD', 'FUND'] as const

const upper = z
  .string()
  .trim()
  .min(1, 'not empty')
  .max(32, 'at most 32 characters')
  .transform((text) => text.toUpperCase())

export const contractQuery = z
  .strictObject({
    cid: z
      .int('a contract id, a whole number above 0')
      .positive('a contract id, a whole number above 0')
      .max(2 ** 31 - 1)
      .optional(),
    symbol: upper.optional(),
    secType: upper.refine(isSecType, `one of ${SEC_TYPES.join(', ')}`).optional(),
    exchange: upper.optional(),
    currency: upper.optional(),
    expiry: z
      .string()
      .regex(/^\d{6}(\d{2})?$/, 'YYYYMM or YYYYMMDD')
      .optional(),
    strike: z.number('a price above 0').positive('a price above 0').optional(),
    right: z.enum(['C', 'P'], 'C or P').optional(),
  })
  .refine(({ cid, symbol }) => cid !== undefined || symbol !== undefined, { error: 'a contract id or a symbol', path: ['symbol'] })

/** The requests to IB that together answer a query. A type or exchange that is not named is looked for everywhere it may be. */
export function requestsOf(query: ContractQuery): IbContract[] {
  const { cid, symbol, secType, exchange, currency, expiry, strike, right } = query
  if (cid !== undefined) return [{ conId: cid }]
  const types = secType === undefined ? (expiry !== undefined || strike !== undefined ? ['FUT', 'OPT'] : COMMON_TYPES) : [secType]
  return types
    .filter((type) => type !== 'OPT' || secType === 'OPT' || strike !== undefined || right !== undefined)
    .map((type) => {
      const request: IbContract = { symbol: symbol ?? '', secType: type as SecType }
      const where = exchange ?? (isSecType(type) ? DEFAULT_EXCHANGES[type] : undefined)
      if (where) request.exchange = where
      if (currency) request.currency = currency
      if (expiry) request.lastTradeDateOrContractMonth = expiry
      if (strike !== undefined) request.strike = strike
      if (right) request.right = right as Exclude<IbContract['right'], undefined>
      return request
    })
}

/** One name for a query: the key under which its answer is kept. */
export function queryKey(query: ContractQuery): string {
  const { cid, symbol, secType, exchange, currency, expiry, strike, right } = query
  if (cid !== undefined) return `id.${cid}`
  const parts = [symbol, secType, exchange, currency, expiry, strike, right].map((part) =>
    part === undefined ? '-' : encoded(String(part)),
  )
  return `query.${parts.join('.')}`
}

/** Keys of a bucket take letters, digits, `-`, `_`, `/`, `=`; a symbol may have blanks and dots (BRK B, ES.D). */
const encoded = (text: string): string => text.replace(/[^A-Za-z0-9]/g, (char) => `=${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
