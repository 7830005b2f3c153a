import { US_PER_SECOND } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import { collectPast } from '../../history/collect-past.ts'
import { historyReply } from '../../history/history-reply.ts'
import {
  type HistoryRequest,
  parseHistoryRequest,
  parseRequestedTime,
  type RequestedTime,
  WHAT_TO_SHOW,
  type WhatToShow,
} from '../../history/history-request.ts'
import { pastLimits } from '../../history/past-limits.ts'
import type { Refusal } from '../../limit/tick-lines.ts'
import { errorReply } from '../../wire/reply.ts'
import { FieldError } from '../../wire/request.ts'
import type { ClientSession } from '../client-session.ts'
import type { House } from '../house.ts'
import { oneOf, type RequestHandler } from '../request-handler.ts'

const MOST_TICKS = 1000
/** Zone of times that come without one. */
const GATEWAY_ZONE = 'UTC'
const SERVICE = 'Historical Market Data Service error message:'

/** Request 96. */
export const historicalTicks: RequestHandler = async (session, fields) => {
  const request = parseHistoryRequest(fields)
  const checked = check(session.house, request)
  if ('refusal' in checked) return session.send(errorReply(request.requestId, checked.refusal.code, checked.refusal.text))
  if (checked.time.zoneImplied) session.send(errorReply(request.requestId, 2174, ZONE_IMPLIED))
  await answer(session, request, checked)
}

interface Checked {
  readonly contract: SimContract
  readonly what: WhatToShow
  readonly time: RequestedTime
}

/** What IB refuses, in the order in which it looks. */
function check(house: House, request: HistoryRequest): Checked | { readonly refusal: Refusal } {
  const { start, end, count } = request
  const refuse = (code: number, text: string) => ({ refusal: { code, text } })
  const what = WHAT_TO_SHOW.find((known) => known === request.what)
  if (what === undefined) return refuse(321, invalid(`What to show field is missing or incorrect: ${request.what}`))
  if (count < 1 || count > MOST_TICKS) return refuse(321, invalid(`Number of ticks must be from 1 to ${MOST_TICKS}, not ${count}`))
  if ((start === '') === (end === '')) return refuse(321, invalid('Exactly one of start date time and end date time must be given'))
  const time = timeOf(start === '' ? end : start)
  if (time === undefined) return refuse(10314, BAD_TIME)
  const contract = oneOf(house.catalogue.find(request.contract, request.includeExpired), request.contract)
  if ('code' in contract) return { refusal: contract }
  const refusal = house.conduct.refusalOf('history', contract)
  if (refusal !== undefined) return { refusal }
  const paced = {
    identity: request.identity,
    series: `${contract.conId} ${request.contract.exchange} ${what}`,
    weight: what === 'BID_ASK' ? 2 : 1,
  }
  if (!house.historyPacing.admit(paced)) return refuse(162, `${SERVICE}Historical data request pacing violation`)
  if (!hasData(contract, what))
    return refuse(162, `${SERVICE}HMDS query returned no data: ${contract.localSymbol}@${contract.exchange} ${what}`)
  return { contract, what, time }
}

async function answer(session: ClientSession, request: HistoryRequest, { contract, what, time }: Checked): Promise<void> {
  const { market, clock } = session.house
  const { mark, lastWholeSecond } = market.markOf(contract.conId, clock.wallUs())
  const forward = request.start !== ''
  const { fromSecond, toSecond } = pastLimits(market, {
    contract,
    // An end is included: the second that it names is over when it is answered.
    anchorUs: forward ? time.us : time.us + US_PER_SECOND,
    direction: forward ? 'forward' : 'backward',
    liquidOnly: request.liquidOnly,
  })
  const ticks = await collectPast(market, {
    contract,
    fromSecond,
    toSecond: Math.min(toSecond, lastWholeSecond),
    direction: forward ? 'forward' : 'backward',
    what,
    count: request.count,
    ignoreSize: request.ignoreSize,
    mark,
    unreported: false,
  })
  session.send(historyReply(request.requestId, what, ticks, true))
}

/** Currencies, metals and indices have no trades; an index has no quotes either. */
function hasData({ secType }: SimContract, what: WhatToShow): boolean {
  if (secType === 'IND') return what === 'TRADES'
  return what !== 'TRADES' || !['CASH', 'CMDTY', 'CFD'].includes(secType)
}

function timeOf(text: string): RequestedTime | undefined {
  try {
    return parseRequestedTime(text, GATEWAY_ZONE)
  } catch (error) {
    if (error instanceof FieldError) return undefined
    throw error
  }
}

function invalid(cause: string): string {
  return `Error validating request.-'bN' : cause - ${cause}`
}

const ZONE_IMPLIED =
  'Warning: You submitted request with date-time attributes without explicit time zone. Please switch to use yyyymmdd-hh:mm:ss in UTC or use instrument time zone, like US/Eastern.'
const BAD_TIME =
  'Error validating request: the date, time or time zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx, or yyyymmdd-hh:mm:ss in UTC.'
