import type { Field } from '../wire/frame.ts'
import { REPLY } from '../wire/message-id.ts'
import { escapeNonAscii } from '../wire/reply.ts'
import type { SimContract } from './contract.ts'
import { decimal } from './contract-data.ts'

/** From here on a symbol sample has a description and an issuer. */
const BOND_ISSUER_ID = 176

/** Messages 75, one for each exchange of the chain, and 76. @param onExchange the only one that is wanted; '' for all */
export function optionParameterReplies(requestId: number, options: readonly SimContract[], onExchange: string): Field[][] {
  const [first] = options
  if (first === undefined) return [[REPLY.optionParametersEnd, requestId]]
  const expiries = distinct(options.map(({ lastTradeDay }) => lastTradeDay))
  const strikes = distinct(options.map(({ strike }) => strike))
  const exchanges = first.validExchanges.filter((exchange) => onExchange === '' || onExchange === exchange)
  const chain = [first.underConId, first.tradingClass, first.multiplier, expiries.length, ...expiries, strikes.length, ...strikes]
  return [...exchanges.map((exchange) => [REPLY.optionParameters, requestId, exchange, ...chain]), [REPLY.optionParametersEnd, requestId]]
}

/** Message 79. */
export function symbolSamplesReply(requestId: number, contracts: readonly SimContract[], serverVersion: number): Field[] {
  const sample = ({ conId, symbol, secType, primaryExchange, exchange, currency, longName }: SimContract): Field[] => [
    conId,
    symbol,
    secType,
    primaryExchange || exchange,
    currency,
    0, // types of derivatives
    ...(serverVersion >= BOND_ISSUER_ID ? [escapeNonAscii(longName), ''] : []),
  ]
  return [REPLY.symbolSamples, requestId, contracts.length, ...contracts.flatMap(sample)]
}

/** Message 93: the same price step from 0 on. */
export function marketRuleReply(ruleId: number, minTick: number): Field[] {
  return [REPLY.marketRule, ruleId, 1, 0, decimal(minTick)]
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
