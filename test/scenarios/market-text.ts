import type { Tick } from '@ib-stream/gateway-sim'
import { type PlainTick, withoutStamp } from '../support/ticks.ts'

/**
 * A tick's stamp is its second, and it is recorded a moment later: of the clock, so the more the faster that runs.
 * @param stallMs for how long a loaded machine may let this process wait
 */
export const slackUs = (rate: number, stallMs = 300): number => 1_000_000 + rate * stallMs * 1_000

/** A tick of the market as it is recorded, but for what only a recording has. */
export function plainOf(tick: Tick): PlainTick {
  const { tsUs: ts, conId: cid, kind: tt } = tick
  const flag = (value: boolean) => (value ? true : undefined)
  switch (tick.kind) {
    case 'bid_ask':
      return {
        ts,
        cid,
        tt,
        bp: tick.bid,
        bs: tick.bidSize,
        ap: tick.ask,
        as: tick.askSize,
        bpl: flag(tick.bidPastLow),
        aph: flag(tick.askPastHigh),
      }
    case 'mid_point':
      return { ts, cid, tt, mp: tick.mid }
    default:
      return {
        ts,
        cid,
        tt,
        p: tick.price,
        s: tick.size,
        ex: tick.exchange || undefined,
        sc: tick.conditions || undefined,
        upt: flag(tick.unreported),
        pl: flag(tick.pastLimit),
      }
  }
}

/** All of a tick that the market knows: neither request id nor where we had it from. */
export const textOf = ({ rid: _, bf: __, ...tick }: PlainTick): string => withoutStamp(tick as PlainTick)
