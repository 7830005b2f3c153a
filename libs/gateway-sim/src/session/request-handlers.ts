import { dateOfUs, wholeSeconds } from '../clock.ts'
import { contractDataEnd, contractDataReply } from '../contract/contract-data.ts'
import type { TickKind } from '../market/tick.ts'
import type { Field } from '../wire/frame.ts'
import { REPLY, REQUEST } from '../wire/message-id.ts'
import { currentTimeReply, errorReply, managedAccountsReply, nextValidIdReply } from '../wire/reply.ts'
import { integerAt, parseContractData, parseTickByTick } from '../wire/request.ts'
import type { ClientSession } from './client-session.ts'

/** Answers one request; `fields[0]` is its message id. */
export type RequestHandler = (session: ClientSession, fields: readonly string[]) => void

/** Names of the kinds in request 97; IB takes them in this spelling only. */
const KIND_BY_NAME: ReadonlyMap<string, TickKind> = new Map([
  ['Last', 'last'],
  ['AllLast', 'all_last'],
  ['BidAsk', 'bid_ask'],
  ['MidPoint', 'mid_point'],
])

const NO_DEFINITION = 'No security definition has been found for the request'

/** The next order id never moves: the simulator takes no orders. */
const NEXT_ORDER_ID = 1

const requestTicks: RequestHandler = (session, fields) => {
  const { requestId, contract: query, kind: kindName } = parseTickByTick(fields)
  const refuse = (code: number, text: string) => session.send(errorReply(requestId, code, text))
  if (session.subscriptions.has(requestId)) return refuse(102, 'Duplicate ticker id')
  const kind = KIND_BY_NAME.get(kindName)
  if (kind === undefined) return refuse(321, `Error validating request.-'bU' : cause - Invalid tick-by-tick type: ${kindName}`)
  const [contract, ...others] = session.house.catalogue.find(query)
  if (contract === undefined || others.length > 0) return refuse(200, NO_DEFINITION)
  session.subscribe({ sink: session, requestId, contract, kind })
}

const cancelTicks: RequestHandler = (session, fields) => {
  const requestId = integerAt(fields, 1)
  const subscription = session.subscriptions.get(requestId)
  if (subscription === undefined) return session.send(errorReply(requestId, 300, `Can't find EId with tickerId:${requestId}`))
  session.unsubscribe(subscription)
}

const contractData: RequestHandler = (session, fields) => {
  const { requestId, contract: query } = parseContractData(fields)
  const contracts = session.house.catalogue.find(query)
  if (contracts.length === 0) return session.send(errorReply(requestId, 200, NO_DEFINITION))
  const now = dateOfUs(session.house.clock.wallUs())
  const replies = contracts.map((contract) => contractDataReply(requestId, contract, session.serverVersion, now))
  session.send(...replies, contractDataEnd(requestId))
}

const currentTime: RequestHandler = (session) => session.send(currentTimeReply(wholeSeconds(session.house.clock.wallUs())))

const managedAccounts: RequestHandler = (session) => session.send(managedAccountsReply(session.house.accounts))

const orderIds: RequestHandler = (session) => session.send(nextValidIdReply(NEXT_ORDER_ID))

/** Accepted without an answer: IB confirms them by message 58 with top-of-book data only, or not at all. */
const accepted: RequestHandler = () => {}

/** The account's subscription is answered by its end; a cancel (0) by nothing. */
const accountData: RequestHandler = (session, fields) => {
  if (fields[2] === '1') session.send([REPLY.accountDownloadEnd, 1, fields[3] ?? ''])
}

/** An account without orders, positions or trades: each request for them gets its end marker, for which ib_insync and ib_async wait. */
function endMarker(...reply: readonly Field[]): RequestHandler {
  return (session) => session.send(reply)
}

function endMarkerWithId(reply: number): RequestHandler {
  return (session, fields) => session.send([reply, 1, integerAt(fields, 2)])
}

/** By message id as it stands in the frame. */
export const REQUEST_HANDLERS: ReadonlyMap<string, RequestHandler> = new Map(
  (
    [
      [REQUEST.tickByTick, requestTicks],
      [REQUEST.cancelTickByTick, cancelTicks],
      [REQUEST.contractData, contractData],
      [REQUEST.currentTime, currentTime],
      [REQUEST.ids, orderIds],
      [REQUEST.managedAccounts, managedAccounts],
      [REQUEST.marketDataType, accepted],
      [REQUEST.setServerLogLevel, accepted],
      [REQUEST.autoOpenOrders, accepted],
      [REQUEST.cancelPositions, accepted],
      [REQUEST.cancelAccountUpdatesMulti, accepted],
      [REQUEST.accountData, accountData],
      [REQUEST.openOrders, endMarker(REPLY.openOrderEnd, 1)],
      [REQUEST.allOpenOrders, endMarker(REPLY.openOrderEnd, 1)],
      [REQUEST.positions, endMarker(REPLY.positionEnd, 1)],
      [REQUEST.completedOrders, endMarker(REPLY.completedOrdersEnd)],
      [REQUEST.executions, endMarkerWithId(REPLY.executionDataEnd)],
      [REQUEST.accountUpdatesMulti, endMarkerWithId(REPLY.accountUpdateMultiEnd)],
    ] as const
  ).map(([id, handler]) => [String(id), handler]),
)
