import type { SimContract } from './contract.ts'

/** Farms of live data, in the order in which a gateway names them. */
export const MARKET_FARMS = ['usfuture', 'cashfarm', 'usfarm', 'eufarm', 'jfarm'] as const

/** One of MARKET_FARMS. */
export type MarketFarm = (typeof MARKET_FARMS)[number]

/** The farm of historical data. */
export const HMDS_FARM = 'ushmds'

/** The farm that a contract's live data comes from. */
export function farmOf({ secType, currency }: SimContract): MarketFarm {
  if (secType === 'CASH' || secType === 'CMDTY') return 'cashfarm'
  if (currency === 'EUR') return 'eufarm'
  if (currency === 'JPY') return 'jfarm'
  return secType === 'FUT' ? 'usfuture' : 'usfarm'
}
