import type { Field } from '../wire/frame.ts'
import { REPLY } from '../wire/message-id.ts'
import { escapeNonAscii } from '../wire/reply.ts'
import type { SimContract } from './contract.ts'
import { ibHours, localTime } from './trading-hours.ts'

/** From here on CONTRACT_DATA has a field of its own for the last trading day. */
const LAST_TRADE_DATE = 182
/** From here on it ends with the reasons why the account may not trade the contract. */
const INELIGIBILITY_REASONS = 186

const ORDER_TYPES =
  'ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AVGCOST,BASKET,BENCHPX,CASHQTY,COND,CONDORDER,DAY,DEACT,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,MIT,MKT,MTL,NGCOMB,OCA,SCALE,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF'

/** Fields of message 10 in the layout of a server version between 176 and 193. */
export function contractDataReply(requestId: number, contract: SimContract, serverVersion: number, now: Date): Field[] {
  const today = localTime(now, contract.timeZone).day
  const listing = contract.validExchanges.join(',')
  return [
    REPLY.contractData,
    requestId,
    contract.symbol,
    contract.secType,
    lastTradeText(contract),
    ...(serverVersion >= LAST_TRADE_DATE ? [contract.lastTradeDay] : []),
    0, // strike
    '', // right
    contract.exchange,
    contract.currency,
    contract.localSymbol,
    contract.marketName,
    contract.tradingClass,
    contract.conId,
    decimal(contract.minTick),
    contract.multiplier,
    ORDER_TYPES,
    listing,
    1, // price magnifier
    contract.underConId,
    escapeNonAscii(contract.longName),
    contract.primaryExchange,
    contract.contractMonth,
    contract.industry,
    contract.category,
    contract.subcategory,
    contract.timeZone,
    ibHours(contract.tradingHours, today),
    ibHours(contract.liquidHours, today),
    '', // EV rule
    '', // EV multiplier
    ...(contract.isin === '' ? [0] : [1, 'ISIN', contract.isin]),
    contract.aggGroup,
    contract.underSymbol,
    contract.underSecType,
    contract.validExchanges.map(() => contract.marketRuleId).join(','),
    contract.lastTradeDay,
    contract.stockType,
    decimal(contract.minSize),
    decimal(contract.sizeIncrement),
    decimal(contract.suggestedSizeIncrement),
    ...(serverVersion >= INELIGIBILITY_REASONS ? [0] : []),
  ]
}

/** Message 52. */
export function contractDataEnd(requestId: number): Field[] {
  return [REPLY.contractDataEnd, 1, requestId]
}

function lastTradeText(contract: SimContract): string {
  return contract.lastTradeDay === '' ? '' : `${contract.lastTradeDay} ${contract.lastTradeTime} ${contract.timeZone}`
}

/** JavaScript writes 0.00005 as 5e-5, IB as 0.00005. */
function decimal(value: number): string {
  return value.toFixed(8).replace(/\.?0+$/, '')
}
