import { usFromMs } from '@ib-stream/model'
import { type StreamLedger, streamLedgers, type TimeRange } from '@ib-stream/tape'
import type { Disk } from './disk.ts'
import type { MarketTick } from './market.ts'

/** Within this a stamp and the moment that it is of may differ, and no tick of the model is so near to the next of its stream. */
const NEAR_US = usFromMs(5)

/** @returns each promise of a recording that was broken, in words: no tick is lost outside of the gaps, none is there twice, stamps rise */
export function brokenPromises(disk: Disk, market: readonly MarketTick[]): string[] {
  const { stamps, ticks } = disk
  const ids = ticks.map(({ p }) => p)
  const logged = new Set(ids)
  return [
    ...lostTicks(disk, market).map(({ stream, id, us }) => `tick ${id} of ${stream.symbol}, at ${us} µs, is lost in no gap`),
    ...(logged.size < ids.length ? [`${ids.length - logged.size} ticks are there twice`] : []),
    ...stamps.flatMap((st, i) => (i > 0 && st <= (stamps[i - 1] ?? 0) ? [`stamp ${st} does not rise`] : [])),
  ]
}

function lostTicks(disk: Disk, market: readonly MarketTick[]): MarketTick[] {
  const ledgers = new Map(streamLedgers(disk.events, Number.POSITIVE_INFINITY).map((ledger) => [ledger.cid, ledger]))
  const stampOf = new Map(disk.ticks.map(({ p, st }) => [p, st]))
  /** Of each stream's newest tick in the log: what comes behind it is missing from there on, whatever its time. */
  const newestUs = new Map<number, number>()
  return market.filter(({ stream: { cid }, id, us }) => {
    const st = stampOf.get(id)
    if (st !== undefined) newestUs.set(cid, st)
    return st === undefined && isPromised(ledgers.get(cid), Math.max(us, newestUs.get(cid) ?? 0))
  })
}

/** The ledger says that the stream was recorded then, and that nothing is missing. */
function isPromised(ledger: StreamLedger | undefined, us: number): boolean {
  if (!ledger) return false
  const isIn = ({ fromUs, untilUs }: TimeRange, marginUs: number) => us >= fromUs - marginUs && us <= untilUs + marginUs
  return ledger.recorded.some((range) => isIn(range, -NEAR_US)) && !ledger.gaps.some((gap) => isIn(gap, NEAR_US))
}
