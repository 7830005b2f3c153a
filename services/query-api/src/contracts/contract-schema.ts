import type { Contract, ContractQuery } from '@ib-stream/model'
import { z } from 'zod'

const text = z.string().exactOptional()

/** What IB says about a contract; what it does not say is left out. */
export const contractSchema = z
  .object({
    cid: z.int().describe('IB contract id'),
    symbol: z.string(),
    secType: z.string().describe('STK, FUT, OPT, CASH, IND, CFD, BOND, FUND, CMDTY…'),
    exchange: z.string(),
    primaryExchange: text,
    currency: z.string(),
    localSymbol: text,
    tradingClass: text,
    lastTradeDate: text.describe('As IB writes it: 20250620, or 20250620 08:30 US/Central'),
    contractMonth: text.describe('202506'),
    strike: z.number().exactOptional(),
    right: text,
    multiplier: z.number().exactOptional(),
    minTick: z.number().exactOptional().describe('Least price change'),
    priceMagnifier: z.number().exactOptional(),
    marketName: text,
    longName: text,
    industry: text,
    category: text,
    subcategory: text,
    validExchanges: text,
    underlyingCid: z.int().exactOptional(),
    timeZoneId: z.string().describe('Zone of the hours; IANA’s or one of IB’s own names'),
    tradingHours: z.string().describe('As IB writes them'),
    liquidHours: z.string().describe('As IB writes them'),
    askedUs: z.int().describe('When IB said so, µs UTC'),
  })
  .meta({ id: 'Contract', description: 'What IB says about a contract' }) satisfies z.ZodType<Contract>

/** What ingest answers to a look-up. */
export const contractAnswerSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), contracts: z.array(contractSchema), cached: z.boolean(), ageSeconds: z.number() }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string(), field: z.string().exactOptional() }),
])

/** What ingest takes. */
export const contractQuerySchema = z.strictObject({
  cid: z.int().positive().exactOptional(),
  symbol: text,
  secType: text,
  exchange: text,
  currency: text,
  expiry: text.describe('YYYYMM or YYYYMMDD'),
  strike: z.number().positive().exactOptional(),
  right: z.enum(['C', 'P']).exactOptional(),
}) satisfies z.ZodType<ContractQuery>
