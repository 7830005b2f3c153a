import { US_PER_SECOND, wholeSeconds } from '../clock.ts'
import { GatewaySimError } from '../errors.ts'
import type { Tick, TickKind } from '../market/tick.ts'
import type { House } from '../session/house.ts'
import { collectPast } from './collect-past.ts'
import { HISTORY_OF } from './history-reply.ts'

/** Which part of the market's past is wanted. */
export interface TapeQuery {
  readonly conId: number
  readonly kind: TickKind
  /** First moment and first one that is not wanted, µs since 1970-01-01 UTC; whole seconds that begin in between are given. */
  readonly startUs: number
  readonly endUs: number
}

/** All ticks of a contract and kind, also those that nobody was sent. @throws GatewaySimError IBS_SIM_OPTION_INVALID for a contract id that is not known */
export async function tapeOf({ catalogue, market, clock }: House, { conId, kind, startUs, endUs }: TapeQuery): Promise<readonly Tick[]> {
  const contract = catalogue.byConId(conId)
  if (contract === undefined)
    throw new GatewaySimError('IBS_SIM_OPTION_INVALID', `there is no contract ${conId}; ask for one that the catalogue has`, { conId })
  const { mark, lastWholeSecond } = market.markOf(conId, clock.wallUs())
  return await collectPast(market, {
    contract,
    fromSecond: Math.ceil(startUs / US_PER_SECOND),
    toSecond: Math.min(wholeSeconds(endUs - 1), lastWholeSecond),
    direction: 'forward',
    what: HISTORY_OF[kind],
    count: Number.POSITIVE_INFINITY,
    ignoreSize: false,
    mark,
    unreported: kind === 'all_last',
  })
}
