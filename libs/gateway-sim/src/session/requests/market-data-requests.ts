import { REPLY } from '../../wire/message-id.ts'
import { errorReply } from '../../wire/reply.ts'
import { contractAt, integerAt } from '../../wire/request.ts'
import { oneOf, type RequestHandler } from '../request-handler.ts'

/** Request 59: from now on lines are of this type; each says so by message 58 when it is asked for. */
export const marketDataType: RequestHandler = (session, fields) => {
  session.marketDataType = integerAt(fields, 2)
}

/**
 * Request 1, for the top of the book. The gateway tells its type (58) and then that the account has none: it plays tick-by-tick data only, and a client that waits for quotes
 * should hear that.
 */
export const marketData: RequestHandler = (session, fields) => {
  const requestId = integerAt(fields, 2)
  const query = contractAt(fields, 3)
  const contract = oneOf(session.house.catalogue.find(query), query)
  if ('code' in contract) return session.send(errorReply(requestId, contract.code, contract.text))
  session.send([REPLY.marketDataType, 1, requestId, session.marketDataType], errorReply(requestId, 354, NOT_SUBSCRIBED))
}

/** Request 2: no such line ever stands. */
export const cancelMarketData: RequestHandler = (session, fields) => {
  const requestId = integerAt(fields, 2)
  session.send(errorReply(requestId, 300, `Can't find EId with tickerId:${requestId}`))
}

const NOT_SUBSCRIBED = 'Requested market data is not subscribed.'
