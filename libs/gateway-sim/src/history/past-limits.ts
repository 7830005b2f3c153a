import { dateOfUs, US_PER_SECOND, wholeSeconds } from '../clock.ts'
import type { SimContract } from '../contract/contract.ts'
import { dayPlus } from '../contract/holidays.ts'
import { localTime, usOfLocalTime } from '../contract/local-time.ts'
import { type Session, Sessions } from '../contract/sessions.ts'
import type { MarketSource } from '../market/market-source.ts'

/** From which end a request reads, and in which hours. */
export interface PastAnchor {
  readonly contract: SimContract
  /** Forward: the first moment wanted. Backward: the first one that is not. µs since 1970-01-01 UTC. */
  readonly anchorUs: number
  readonly direction: 'forward' | 'backward'
  readonly liquidOnly: boolean
}

/** Seconds, both ends included; none when the first is after the last. */
export interface SecondRange {
  readonly fromSecond: number
  readonly toSecond: number
}

/** IB gives no data across sessions in one answer: the seconds of the session at the anchor (or the next, or the one before). */
export function pastLimits(market: MarketSource, anchor: PastAnchor): SecondRange {
  const { anchorUs, direction } = anchor
  const session = sessionAt(market, anchor)
  if (session === undefined) return { fromSecond: 0, toSecond: -1 }
  const fromUs = direction === 'forward' ? Math.max(anchorUs, session.openUs) : session.openUs
  const endUs = direction === 'forward' ? session.closeUs : Math.min(anchorUs, session.closeUs)
  return { fromSecond: Math.ceil(fromUs / US_PER_SECOND), toSecond: wholeSeconds(endUs - 1) }
}

function sessionAt({ keepsHours }: MarketSource, { contract, anchorUs, direction, liquidOnly }: PastAnchor): Session | undefined {
  if (!keepsHours && !liquidOnly) return dayAround(direction === 'forward' ? anchorUs : anchorUs - 1, contract.timeZone)
  const sessions = new Sessions(contract)
  const kind = liquidOnly ? 'liquidHours' : 'tradingHours'
  return direction === 'forward' ? sessions.atOrAfter(anchorUs, kind) : sessions.before(anchorUs, kind)
}

/** A market that never closes has days for sessions, midnight to midnight in the contract's zone. */
function dayAround(us: number, timeZone: string): Session {
  const { day } = localTime(dateOfUs(us), timeZone)
  return { openUs: usOfLocalTime(day, 0, timeZone), closeUs: usOfLocalTime(dayPlus(day, 1), 0, timeZone) }
}
