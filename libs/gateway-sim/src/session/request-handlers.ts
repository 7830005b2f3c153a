import { REPLY, REQUEST } from '../wire/message-id.ts'
import type { RequestHandler } from './request-handler.ts'
import {
  accepted,
  accountData,
  currentTime,
  endMarker,
  endMarkerWithId,
  managedAccounts,
  orderIds,
  userInfo,
} from './requests/account-requests.ts'
import { contractData, marketRule, matchingSymbols, optionParameters } from './requests/contract-requests.ts'
import { historicalTicks } from './requests/history-requests.ts'
import { cancelMarketData, marketData, marketDataType } from './requests/market-data-requests.ts'
import { cancelTicks, requestTicks } from './requests/tick-requests.ts'

/** By message id as it stands in the frame. */
export const REQUEST_HANDLERS: ReadonlyMap<string, RequestHandler> = new Map(
  (
    [
      [REQUEST.tickByTick, requestTicks],
      [REQUEST.cancelTickByTick, cancelTicks],
      [REQUEST.historicalTicks, historicalTicks],
      [REQUEST.contractData, contractData],
      [REQUEST.optionParameters, optionParameters],
      [REQUEST.matchingSymbols, matchingSymbols],
      [REQUEST.marketRule, marketRule],
      [REQUEST.currentTime, currentTime],
      [REQUEST.ids, orderIds],
      [REQUEST.managedAccounts, managedAccounts],
      [REQUEST.userInfo, userInfo],
      [REQUEST.marketData, marketData],
      [REQUEST.cancelMarketData, cancelMarketData],
      [REQUEST.marketDataType, marketDataType],
      [REQUEST.setServerLogLevel, accepted],
      [REQUEST.autoOpenOrders, accepted],
      [REQUEST.cancelPositions, accepted],
      [REQUEST.cancelAccountSummary, accepted],
      [REQUEST.cancelAccountUpdatesMulti, accepted],
      [REQUEST.accountData, accountData],
      [REQUEST.openOrders, endMarker(REPLY.openOrderEnd, 1)],
      [REQUEST.allOpenOrders, endMarker(REPLY.openOrderEnd, 1)],
      [REQUEST.positions, endMarker(REPLY.positionEnd, 1)],
      [REQUEST.completedOrders, endMarker(REPLY.completedOrdersEnd)],
      [REQUEST.executions, endMarkerWithId(REPLY.executionDataEnd)],
      [REQUEST.accountSummary, endMarkerWithId(REPLY.accountSummaryEnd)],
      [REQUEST.accountUpdatesMulti, endMarkerWithId(REPLY.accountUpdateMultiEnd)],
    ] as const
  ).map(([id, handler]) => [String(id), handler]),
)
