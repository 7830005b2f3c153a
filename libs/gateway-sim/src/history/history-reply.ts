import { wholeSeconds } from '../clock.ts'
import type { Tick, TickKind } from '../market/tick.ts'
import type { Field } from '../wire/frame.ts'
import { REPLY } from '../wire/message-id.ts'
import { numberField } from '../wire/number-text.ts'
import type { WhatToShow } from './history-request.ts'

/** Message 96, 97 or 98. Its masks have another order than those of the live message 99: in 97 the first bit is askPastHigh, the second bidPastLow. */
export function historyReply(requestId: number, what: WhatToShow, ticks: readonly Tick[], done: boolean): Field[] {
  return [ID[what], requestId, ticks.length, ...ticks.flatMap(fieldsOf), done ? 1 : 0]
}

/** The data of a tick-by-tick kind's history. */
export const HISTORY_OF: Readonly<Record<TickKind, WhatToShow>> = {
  last: 'TRADES',
  all_last: 'TRADES',
  bid_ask: 'BID_ASK',
  mid_point: 'MIDPOINT',
}

const ID: Readonly<Record<WhatToShow, number>> = {
  MIDPOINT: REPLY.historicalTicks,
  BID_ASK: REPLY.historicalTicksBidAsk,
  TRADES: REPLY.historicalTicksLast,
}

function fieldsOf(tick: Tick): Field[] {
  const second = wholeSeconds(tick.tsUs)
  switch (tick.kind) {
    case 'mid_point':
      return [second, 0, numberField(tick.mid), 0]
    case 'bid_ask': {
      const mask = (tick.askPastHigh ? 1 : 0) | (tick.bidPastLow ? 2 : 0)
      return [second, mask, ...[tick.bid, tick.ask, tick.bidSize, tick.askSize].map(numberField)]
    }
    case 'last':
    case 'all_last': {
      const mask = (tick.pastLimit ? 1 : 0) | (tick.unreported ? 2 : 0)
      return [second, mask, numberField(tick.price), numberField(tick.size), tick.exchange, tick.conditions]
    }
  }
}
