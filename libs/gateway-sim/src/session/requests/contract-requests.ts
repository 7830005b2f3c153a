import { dateOfUs } from '../../clock.ts'
import { contractDataEnd, contractDataReply } from '../../contract/contract-data.ts'
import { marketRuleReply, optionParameterReplies, symbolSamplesReply } from '../../contract/contract-search.ts'
import { errorReply } from '../../wire/reply.ts'
import { integerAt, parseContractData } from '../../wire/request.ts'
import { NO_DEFINITION, type RequestHandler } from '../request-handler.ts'

/** Request 9. */
export const contractData: RequestHandler = (session, fields) => {
  const { catalogue, clock, conduct } = session.house
  const { requestId, contract: query, includeExpired, secIdType, secId } = parseContractData(fields)
  const found = secId === '' ? catalogue.find(query, includeExpired) : catalogue.findBySecId(secIdType, secId)
  const contracts = found.filter((contract) => conduct.refusalOf('ticks', contract)?.code !== 200)
  if (contracts.length === 0) return session.send(errorReply(requestId, 200, NO_DEFINITION))
  const now = dateOfUs(clock.wallUs())
  const replies = contracts.map((contract) =>
    contractDataReply(requestId, { ...contract, exchange: query.exchange || contract.exchange }, session.serverVersion, now),
  )
  session.send(...replies, contractDataEnd(requestId))
}

/** Request 78: the option chain of an underlying, on all exchanges or on the one that is named. */
export const optionParameters: RequestHandler = (session, fields) => {
  const { catalogue } = session.house
  const [requestId, exchange, underConId] = [integerAt(fields, 1), fields[3] ?? '', integerAt(fields, 5)]
  if (catalogue.byConId(underConId) === undefined)
    return session.send(errorReply(requestId, 321, `Error validating request.-'cC' : cause - Invalid contract id`))
  session.send(...optionParameterReplies(requestId, catalogue.optionsOf(underConId), exchange))
}

/** Request 81. */
export const matchingSymbols: RequestHandler = (session, fields) => {
  const samples = session.house.catalogue.matching(fields[2] ?? '')
  session.send(symbolSamplesReply(integerAt(fields, 1), samples, session.serverVersion))
}

/** Request 91. */
export const marketRule: RequestHandler = (session, fields) => {
  const ruleId = integerAt(fields, 1)
  const minTick = session.house.catalogue.minTickOf(ruleId)
  if (minTick === undefined)
    return session.send(errorReply(-1, 321, `Error validating request.-'cY' : cause - Invalid market rule id: ${ruleId}`))
  session.send(marketRuleReply(ruleId, minTick))
}
