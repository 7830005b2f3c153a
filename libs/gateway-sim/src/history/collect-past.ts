import type { MarketSource, PastSeconds } from '../market/market-source.ts'
import { MidPoints } from '../market/mid-points.ts'
import { PriceChanges } from '../market/price-changes.ts'
import type { Tick } from '../market/tick.ts'
import type { WhatToShow } from './history-request.ts'

/** What of the past is wanted. */
export interface PastQuery extends PastSeconds {
  readonly what: WhatToShow
  /** Enough ticks; more are given where the last second has more. */
  readonly count: number
  readonly ignoreSize: boolean
  /** Of the market's `markOf`: nothing that lies behind it. */
  readonly mark: number
  /** Whether trades that were not reported are told: live they are, in history they are not. */
  readonly unreported: boolean
}

/** Ticks of whole seconds, ascending, from the end that the direction says. */
export async function collectPast(market: MarketSource, query: PastQuery): Promise<readonly Tick[]> {
  const pages: (readonly Tick[])[] = []
  let found = 0
  const choose = choiceOf(market, query)
  for await (const second of market.past(query, query.mark)) {
    const chosen = second.flatMap(choose)
    if (chosen.length > 0) pages.push(chosen)
    found += chosen.length
    if (found >= query.count) break
  }
  return (query.direction === 'forward' ? pages : pages.reverse()).flat()
}

/** What a tick of the tape is in the kind of data that was asked for: itself, something derived, or nothing. */
function choiceOf(market: MarketSource, { what, ignoreSize, unreported, contract }: PastQuery): (tick: Tick) => readonly Tick[] {
  const { conId } = contract
  if (what === 'TRADES') {
    const kind = market.carries(conId, 'all_last') ? 'all_last' : 'last'
    return (tick) => (tick.kind === kind && (unreported || !tick.unreported) ? [tick] : [])
  }
  if (what === 'BID_ASK') {
    const changes = new PriceChanges()
    return (tick) => (tick.kind === 'bid_ask' && (!ignoreSize || changes.moved(tick)) ? [tick] : [])
  }
  if (market.carries(conId, 'mid_point')) return (tick) => (tick.kind === 'mid_point' ? [tick] : [])
  const midPoints = new MidPoints()
  return (tick) => {
    const mid = tick.kind === 'bid_ask' ? midPoints.after(tick) : undefined
    return mid === undefined ? [] : [mid]
  }
}
