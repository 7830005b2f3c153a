import { wholeSeconds } from '../../clock.ts'
import type { Field } from '../../wire/frame.ts'
import { REPLY } from '../../wire/message-id.ts'
import { currentTimeReply, managedAccountsReply, nextValidIdReply } from '../../wire/reply.ts'
import { integerAt } from '../../wire/request.ts'
import type { RequestHandler } from '../request-handler.ts'

/** The next order id never moves: the simulator takes no orders. */
const NEXT_ORDER_ID = 1

export const currentTime: RequestHandler = (session) => {
  const { clock, conduct } = session.house
  session.send(currentTimeReply(wholeSeconds(clock.wallUs() + conduct.timeOffsetUs)))
}

export const managedAccounts: RequestHandler = (session) => session.send(managedAccountsReply(session.house.accounts))

export const orderIds: RequestHandler = (session) => session.send(nextValidIdReply(NEXT_ORDER_ID))

/** Accepted without an answer, as IB does. */
export const accepted: RequestHandler = () => {}

/** The account's subscription is answered by its end; a cancel (0) by nothing. */
export const accountData: RequestHandler = (session, fields) => {
  if (fields[2] === '1') session.send([REPLY.accountDownloadEnd, 1, fields[3] ?? ''])
}

export const userInfo: RequestHandler = (session, fields) => session.send([REPLY.userInfo, integerAt(fields, 1), ''])

/** An account without orders, positions or trades: each request for them gets its end marker, for which ib_insync and ib_async wait. */
export function endMarker(...reply: readonly Field[]): RequestHandler {
  return (session) => session.send(reply)
}

/** An end marker with the request's id. */
export function endMarkerWithId(reply: number): RequestHandler {
  return (session, fields) => session.send([reply, 1, integerAt(fields, 2)])
}
