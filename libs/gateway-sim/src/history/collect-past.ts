import type { MarketSource, PastSeconds } from '../market/market-source.ts'
import { MidPoints } from '../market/mid-points.ts'
import { PriceChanges } from '../market/price-changes.ts'
import type { Tick, TickKind } from '../market/tick.ts'
import type { WhatToShow } from './history-request.ts'

/** What of the past is wanted. */
export interface PastQuery extends Omit<PastSeconds, 'kind'> {
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
  const kind = kindFor(market, query)
  const choose = choiceOf(kind, query)
  for await (const second of market.past({ ...query, kind }, query.mark)) {
    const chosen = second.flatMap((tick) => (tick.kind === kind ? choose(tick) : []))
    if (chosen.length > 0) pages.push(chosen)
    found += chosen.length
    if (found >= query.count) break
  }
  return (query.direction === 'forward' ? pages : pages.reverse()).flat()
}

/** The kind of ticks that the data is made of. */
function kindFor(market: MarketSource, { what, contract: { conId } }: PastQuery): TickKind {
  if (what === 'TRADES') return market.carries(conId, 'all_last') ? 'all_last' : 'last'
  return what === 'MIDPOINT' && market.carries(conId, 'mid_point') ? 'mid_point' : 'bid_ask'
}

/** What a tick of that kind is in the data that was asked for: itself, something derived, or nothing. */
function choiceOf(kind: TickKind, { what, ignoreSize, unreported }: PastQuery): (tick: Tick) => readonly Tick[] {
  if (what === 'TRADES') return (tick) => ('unreported' in tick && (unreported || !tick.unreported) ? [tick] : [])
  if (kind === 'mid_point') return (tick) => [tick]
  const [changes, midPoints] = [new PriceChanges(), new MidPoints()]
  return (tick) => {
    if (tick.kind !== 'bid_ask') return []
    if (what === 'BID_ASK') return !ignoreSize || changes.moved(tick) ? [tick] : []
    const mid = midPoints.after(tick)
    return mid === undefined ? [] : [mid]
  }
}
