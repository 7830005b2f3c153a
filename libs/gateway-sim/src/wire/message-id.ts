/** Ids of what a client sends (its "outgoing" ids in IB's sources). */
export const REQUEST = {
  openOrders: 5,
  accountData: 6,
  executions: 7,
  ids: 8,
  contractData: 9,
  setServerLogLevel: 14,
  autoOpenOrders: 15,
  allOpenOrders: 16,
  managedAccounts: 17,
  currentTime: 49,
  marketDataType: 59,
  positions: 61,
  cancelPositions: 64,
  startApi: 71,
  accountUpdatesMulti: 76,
  cancelAccountUpdatesMulti: 77,
  tickByTick: 97,
  cancelTickByTick: 98,
  completedOrders: 99,
} as const

/** Ids of what the gateway sends (the client's "incoming" ids). */
export const REPLY = {
  error: 4,
  nextValidId: 9,
  contractData: 10,
  managedAccounts: 15,
  currentTime: 49,
  contractDataEnd: 52,
  openOrderEnd: 53,
  accountDownloadEnd: 54,
  executionDataEnd: 55,
  positionEnd: 62,
  accountUpdateMultiEnd: 74,
  tickByTick: 99,
  completedOrdersEnd: 102,
} as const
