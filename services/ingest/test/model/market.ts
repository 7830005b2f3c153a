import { hash31 } from '@ib-stream/model'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'

export const FARMS = ['usfarm', 'usfuture'] as const
export type Farm = (typeof FARMS)[number]

/** A stream whose ticks come by the clock. */
export interface MarketStream extends DesiredStream {
  farm: Farm
  everyMs: number
}

const stream = (cid: number, farm: Farm, everyMs: number): MarketStream => {
  return { cid, tt: 'last', rid: hash31(cid, 'last'), symbol: `C${cid}`, tracked: true, farm, everyMs }
}

/** Busy ones, one that is quiet between two looks, one that is silent for longer than anybody waits, and one of which a run is over before anything comes. */
export const STREAMS: readonly MarketStream[] = [
  stream(1, 'usfarm', 300),
  stream(2, 'usfarm', 4_100),
  stream(3, 'usfuture', 500),
  stream(4, 'usfuture', 47_000),
  stream(5, 'usfarm', 3_600_000),
]

/** A tick that IB had. */
export interface MarketTick {
  stream: MarketStream
  /** Its price, and so known again in the log. */
  id: number
  /** When it was the gateway's turn to send it, µs UTC: what waited for it before is heard, and stamped, no earlier. */
  us: number
}
