import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { hash31, parseTick, TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { hasRealDay, REAL_DAY } from '../../../test/support/tape-source.ts'
import { tickAt } from './arbitrary-tick.ts'

const MADE_TICKS = 20_000

/** One real trading day, in the order of its recording; where it does not lie beside the checkout, as many made ones. */
export function dayOfTicks(): TickMessage[] {
  if (!hasRealDay)
    return Array.from({ length: MADE_TICKS }, (_, n) => parseTick(tickAt(n, { ts: 1_753_884_000_000_000 + n * 1_000, tt: typeOf(n) })))
  const lines = gunzipSync(readFileSync(REAL_DAY)).toString().trimEnd().split('\n')
  return lines.map((line) => {
    const tick = parseTick(JSON.parse(line))
    return { ...tick, rid: hash31(tick.cid, tick.tt) }
  })
}

const typeOf = (n: number) => TICK_TYPES[n % TICK_TYPES.length] ?? 'last'
