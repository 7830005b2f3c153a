import { wholeSeconds } from '../clock.ts'
import type { Tick, TickKind } from '../market/tick.ts'
import { REPLY } from '../wire/message-id.ts'
import { numberField } from '../wire/number-text.ts'

/** Tick type field of message 99. */
export const TICK_TYPE_CODE: Readonly<Record<TickKind, number>> = { last: 1, all_last: 2, bid_ask: 3, mid_point: 4 }

/** Message 99 up to the request id: the part that differs between subscribers. */
export function tickFrame(requestId: number, tail: string): string {
  return `${REPLY.tickByTick}\0${requestId}\0${tail}`
}

/** Message 99 after the request id, the same for all subscribers of a kind. IB leaves an unset price or size empty. */
export function tickFrameTail(kind: TickKind, tick: Tick): string {
  return `${TICK_TYPE_CODE[kind]}\0${wholeSeconds(tick.tsUs)}\0${values(tick)}\0`
}

function values(tick: Tick): string {
  switch (tick.kind) {
    case 'bid_ask': {
      const mask = (tick.bidPastLow ? 1 : 0) | (tick.askPastHigh ? 2 : 0)
      return `${numberField(tick.bid)}\0${numberField(tick.ask)}\0${numberField(tick.bidSize)}\0${numberField(tick.askSize)}\0${mask}`
    }
    case 'last':
    case 'all_last': {
      const mask = (tick.pastLimit ? 1 : 0) | (tick.unreported ? 2 : 0)
      return `${numberField(tick.price)}\0${numberField(tick.size)}\0${mask}\0${tick.exchange}\0${tick.conditions}`
    }
    case 'mid_point':
      return numberField(tick.mid)
  }
}
