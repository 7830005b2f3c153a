import type { Tick, TickKind } from '../market/tick.ts'

/**
 * A tick with the keys of the v3 format in its order; `st` is missing, nobody has received it yet.
 * @param tail what follows the request id: of `truthTail`, behind `sentTo` where it was sent
 */
export function truthLine(kind: TickKind, requestId: number, tick: Tick, tail: string): string {
  return `{"ts":${tick.tsUs},"cid":${tick.conId},"tt":"${kind}","rid":${requestId}${tail}}\n`
}

/** Which client a tick was sent to: two may use the same request id. */
export function sentTo(clientId: number | undefined): string {
  return numberKey('client', clientId)
}

/** What follows the request id: the same for all subscribers. Unset sides and false flags are left out. */
export function truthTail(tick: Tick): string {
  switch (tick.kind) {
    case 'bid_ask':
      return (
        numberKey('bp', tick.bid) +
        numberKey('bs', tick.bidSize) +
        numberKey('ap', tick.ask) +
        numberKey('as', tick.askSize) +
        flagKey('bpl', tick.bidPastLow) +
        flagKey('aph', tick.askPastHigh)
      )
    case 'last':
    case 'all_last':
      return (
        numberKey('p', tick.price) +
        numberKey('s', tick.size) +
        textKey('ex', tick.exchange) +
        textKey('sc', tick.conditions) +
        flagKey('upt', tick.unreported) +
        flagKey('pl', tick.pastLimit)
      )
    case 'mid_point':
      return numberKey('mp', tick.mid)
  }
}

function numberKey(key: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${key}":${value}`
}

function textKey(key: string, value: string): string {
  return value === '' ? '' : `,"${key}":${JSON.stringify(value)}`
}

function flagKey(key: string, value: boolean): string {
  return value ? `,"${key}":true` : ''
}
