import type { Field } from '../wire/frame.ts'
import { REPLY } from '../wire/message-id.ts'
import { escapeNonAscii } from '../wire/reply.ts'
import type { BondFacts, SimContract } from './contract.ts'
import { localTime } from './local-time.ts'
import { ibHours } from './trading-hours.ts'

/** From here on CONTRACT_DATA of a fund has 17 more fields. */
const FUND_DATA_FIELDS = 179
/** From here on CONTRACT_DATA has a field of its own for the last trading day. */
const LAST_TRADE_DATE = 182
/** From here on it ends with the reasons why the account may not trade the contract. */
const INELIGIBILITY_REASONS = 186
/** From here on message 18 has the hours. */
const BOND_TRADING_HOURS = 188

const ORDER_TYPES =
  'ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AVGCOST,BASKET,BENCHPX,CASHQTY,COND,CONDORDER,DAY,DEACT,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,MIT,MKT,MTL,NGCOMB,OCA,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF'

/** Fields of message 10, of a bond message 18, in the layout of a server version between 164 and 193. */
export function contractDataReply(requestId: number, contract: SimContract, serverVersion: number, now: Date): Field[] {
  if (contract.bond !== undefined) return bondDataReply(requestId, contract, contract.bond, serverVersion, now)
  return [
    REPLY.contractData,
    requestId,
    contract.symbol,
    contract.secType,
    lastTradeText(contract),
    ...(serverVersion >= LAST_TRADE_DATE ? [contract.lastTradeDay] : []),
    contract.strike,
    contract.right,
    contract.exchange,
    contract.currency,
    contract.localSymbol,
    contract.marketName,
    contract.tradingClass,
    contract.conId,
    decimal(contract.minTick),
    contract.multiplier,
    ORDER_TYPES,
    contract.validExchanges.join(','),
    1, // price magnifier
    contract.underConId,
    escapeNonAscii(contract.longName),
    contract.primaryExchange,
    contract.contractMonth,
    contract.industry,
    contract.category,
    contract.subcategory,
    ...hoursFields(contract, now),
    '', // EV rule
    '', // EV multiplier
    ...idFields(contract),
    contract.aggGroup,
    contract.underSymbol,
    contract.underSecType,
    marketRules(contract),
    contract.lastTradeDay,
    contract.stockType,
    ...sizeFields(contract),
    ...(serverVersion >= FUND_DATA_FIELDS ? (contract.fund ?? []) : []),
    ...(serverVersion >= INELIGIBILITY_REASONS ? [0] : []),
  ]
}

/** Message 52. */
export function contractDataEnd(requestId: number): Field[] {
  return [REPLY.contractDataEnd, 1, requestId]
}

function bondDataReply(requestId: number, contract: SimContract, bond: BondFacts, serverVersion: number, now: Date): Field[] {
  return [
    REPLY.bondContractData,
    requestId,
    contract.symbol,
    contract.secType,
    bond.cusip,
    bond.coupon,
    bond.maturity,
    bond.issueDate,
    bond.ratings,
    bond.bondType,
    bond.couponType,
    0, // convertible
    0, // callable
    0, // putable
    bond.descAppend,
    contract.exchange,
    contract.currency,
    contract.marketName,
    contract.tradingClass,
    contract.conId,
    decimal(contract.minTick),
    ORDER_TYPES,
    contract.validExchanges.join(','),
    '', // next option date
    '', // next option type
    0, // next option partial
    '', // notes
    escapeNonAscii(contract.longName),
    ...(serverVersion >= BOND_TRADING_HOURS ? hoursFields(contract, now) : []),
    '', // EV rule
    '', // EV multiplier
    ...idFields(contract),
    contract.aggGroup,
    marketRules(contract),
    ...sizeFields(contract),
  ]
}

function hoursFields({ timeZone, tradingHours, liquidHours, holidays }: SimContract, now: Date): Field[] {
  const today = localTime(now, timeZone).day
  return [timeZone, ibHours(tradingHours, holidays, today), ibHours(liquidHours, holidays, today)]
}

function idFields({ isin }: SimContract): Field[] {
  return isin === '' ? [0] : [1, 'ISIN', isin]
}

function sizeFields({ minSize, sizeIncrement, suggestedSizeIncrement }: SimContract): Field[] {
  return [decimal(minSize), decimal(sizeIncrement), decimal(suggestedSizeIncrement)]
}

function marketRules({ validExchanges, marketRuleId }: SimContract): string {
  return validExchanges.map(() => marketRuleId).join(',')
}

function lastTradeText({ lastTradeDay, lastTradeTime, timeZone }: SimContract): string {
  return lastTradeDay === '' ? '' : `${lastTradeDay} ${lastTradeTime} ${timeZone}`
}

/** JavaScript writes 0.00005 as 5e-5, IB as 0.00005. */
export function decimal(value: number): string {
  return value.toFixed(8).replace(/\.?0+$/, '')
}
