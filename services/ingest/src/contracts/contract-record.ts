import type { Contract } from '@ib-stream/model'
import type { ContractDetails, Contract as IbContract, SecType } from '@stoqey/ib'

/** IB's details of a contract as ours; undefined where it has no id. */
export function contractOf(details: ContractDetails, askedUs: number): Contract | undefined {
  const { contract } = details
  if (!contract.conId) return undefined
  const given = {
    cid: contract.conId,
    symbol: contract.symbol ?? '',
    secType: String(contract.secType ?? ''),
    exchange: contract.exchange ?? '',
    primaryExchange: contract.primaryExch,
    currency: contract.currency ?? '',
    localSymbol: contract.localSymbol,
    tradingClass: contract.tradingClass,
    lastTradeDate: contract.lastTradeDateOrContractMonth,
    contractMonth: details.contractMonth,
    strike: contract.strike,
    right: contract.right === undefined ? undefined : String(contract.right),
    multiplier: contract.multiplier,
    minTick: details.minTick,
    priceMagnifier: details.priceMagnifier,
    marketName: details.marketName,
    longName: details.longName,
    industry: details.industry,
    category: details.category,
    subcategory: details.subcategory,
    validExchanges: details.validExchanges,
    underlyingCid: details.underConId,
    timeZoneId: details.timeZoneId ?? '',
    tradingHours: details.tradingHours ?? '',
    liquidHours: details.liquidHours ?? '',
    askedUs,
  }
  return Object.fromEntries(Object.entries(given).filter(([key, value]) => isSaid(key, value))) as unknown as Contract
}

/** Fields that are always there, even empty. */
const CORE = new Set(['cid', 'symbol', 'secType', 'exchange', 'currency', 'timeZoneId', 'tradingHours', 'liquidHours', 'askedUs'])

/** IB leaves fields empty, or at 0 where 0 means nothing. */
const isSaid = (key: string, value: unknown): boolean =>
  CORE.has(key) || !(value === undefined || value === '' || value === 0 || Number.isNaN(value))

/** The contract in a request to IB: the id alone is not always enough. */
export function ibContract(contract: Contract): IbContract {
  const { cid, symbol, secType, exchange, primaryExchange, currency, localSymbol, tradingClass, lastTradeDate, strike, right, multiplier } =
    contract
  const request: IbContract = { conId: cid, symbol, exchange, currency }
  if (secType) request.secType = secType as SecType
  if (primaryExchange) request.primaryExch = primaryExchange
  if (localSymbol) request.localSymbol = localSymbol
  if (tradingClass) request.tradingClass = tradingClass
  // IB takes only the date back, without the hour and zone that may stand behind it.
  if (lastTradeDate) request.lastTradeDateOrContractMonth = lastTradeDate.split(' ')[0] ?? ''
  if (strike !== undefined) request.strike = strike
  if (right) request.right = right as Exclude<IbContract['right'], undefined>
  if (multiplier !== undefined) request.multiplier = multiplier
  return request
}
