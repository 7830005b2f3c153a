import { US_PER_SECOND, wholeSeconds } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import { collectPast } from '../../history/collect-past.ts'
import { HISTORY_OF, historyReply } from '../../history/history-reply.ts'
import { pastLimits } from '../../history/past-limits.ts'
import type { Refusal } from '../../limit/tick-lines.ts'
import type { TickKind } from '../../market/tick.ts'
import { Subscription } from '../../tape/subscription.ts'
import { errorReply } from '../../wire/reply.ts'
import { integerAt, parseTickByTick, type TickByTickRequest } from '../../wire/request.ts'
import type { ClientSession } from '../client-session.ts'
import { oneOf, type RequestHandler } from '../request-handler.ts'

/** Names of the kinds in request 97; IB takes them in this spelling only. */
const KIND_BY_NAME: ReadonlyMap<string, TickKind> = new Map([
  ['Last', 'last'],
  ['AllLast', 'all_last'],
  ['BidAsk', 'bid_ask'],
  ['MidPoint', 'mid_point'],
])

const MOST_PAST_TICKS = 1000
/** IB has no tick-by-tick data of these at all. */
const NEVER_TICKED: ReadonlySet<string> = new Set(['OPT', 'IND', 'BOND', 'FUND', 'CMDTY'])

/** Request 97. */
export const requestTicks: RequestHandler = (session, fields) => {
  const request = parseTickByTick(fields)
  const { requestId, kind: kindName, numberOfTicks, ignoreSize } = request
  const refuse = ({ code, text }: Refusal) => session.send(errorReply(requestId, code, text))
  if (session.subscriptions.has(requestId)) return refuse({ code: 102, text: 'Duplicate ticker id' })
  const kind = KIND_BY_NAME.get(kindName)
  if (kind === undefined) return refuse(invalid(`Invalid tick-by-tick type: ${kindName}`))
  if (numberOfTicks < 0 || numberOfTicks > MOST_PAST_TICKS) return refuse(invalid(`Invalid number of ticks: ${numberOfTicks}`))
  const { house } = session
  const contract = oneOf(house.catalogue.find(request.contract), request.contract)
  if ('code' in contract) return refuse(contract)
  const refusal = unsupported(contract, kindName) ?? house.conduct.refusalOf('ticks', contract) ?? house.lines.take(contract.conId, kind)
  if (refusal !== undefined) return refuse(refusal)
  const subscription = new Subscription({ sink: session, requestId, contract, kind, ignoreSize })
  if (numberOfTicks === 0) session.subscribe(subscription)
  else session.join(subscription, () => sendPastFirst(session, subscription, request))
}

/** Request 98. */
export const cancelTicks: RequestHandler = (session, fields) => {
  const requestId = integerAt(fields, 1)
  const subscription = session.subscriptions.get(requestId)
  if (subscription === undefined) return session.send(errorReply(requestId, 300, `Can't find EId with tickerId:${requestId}`))
  session.unsubscribe(subscription)
}

function invalid(cause: string): Refusal {
  return { code: 321, text: `Error validating request.-'bU' : cause - ${cause}` }
}

function unsupported({ secType, symbol }: SimContract, kindName: string): Refusal | undefined {
  if (!NEVER_TICKED.has(secType)) return undefined
  const why = `${kindName} tick-by-tick requests are not supported for ${symbol}`
  return { code: 10189, text: `Failed to request tick-by-tick data.${why}` }
}

/** The last ticks until now under the stream's own id, then the stream, nothing twice and nothing missing in between. */
async function sendPastFirst(
  session: ClientSession,
  subscription: Subscription,
  { requestId, numberOfTicks }: TickByTickRequest,
): Promise<void> {
  const { market, clock, tape } = session.house
  const { contract, kind, ignoreSize } = subscription
  const nowUs = clock.wallUs()
  const { mark } = market.markOf(contract.conId, nowUs)
  const { fromSecond } = pastLimits(market, { contract, anchorUs: nowUs + US_PER_SECOND, direction: 'backward', liquidOnly: false })
  const what = HISTORY_OF[kind]
  const toSecond = wholeSeconds(nowUs)
  const query = {
    contract,
    fromSecond,
    toSecond,
    direction: 'backward',
    what,
    count: numberOfTicks,
    ignoreSize,
    mark,
    unreported: kind === 'all_last',
  } as const
  const ticks = await collectPast(market, query)
  if (subscription.over) return
  session.send(historyReply(requestId, what, ticks, true))
  tape.release(subscription)
}
