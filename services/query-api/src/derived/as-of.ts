import { type TickMessage, type TickType, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { type History, openHistory } from '@ib-stream/tape'
import type { RouteDeps } from '../api/route.ts'

/** By which stamp a tick is the newest: IB's (whole seconds) or ours at the socket. */
export type AsOfClock = 'ts' | 'st'

/** A tick lies so much before or after its stamp of IB in our time at most: our clock may run wrong. */
const APART_US = 60 * US_PER_SECOND
/** Where there is none so near. */
const FAR_US = 14 * US_PER_DAY

/** The last tick of each type at or before a moment; those that have none in the two weeks before are left out. */
export async function ticksAsOf(
  deps: RouteDeps,
  { cid, tts, atUs, clock, signal }: { cid: number; tts: readonly TickType[]; atUs: number; clock: AsOfClock; signal: AbortSignal },
): Promise<Partial<Record<TickType, TickMessage>>> {
  const contract = { dataDir: deps.dataDir, backends: deps.backends, bus: deps.live.bus, cids: [cid], signal }
  const nearUs = Math.max(0, atUs - APART_US)
  await using near = await openHistory({ ...contract, tts, startUs: nearUs, endUs: atUs + (clock === 'ts' ? 1 : APART_US) })
  const best: Partial<Record<TickType, TickMessage>> = {}
  for await (const batch of near.batches()) {
    for (const tick of batch) {
      const [stamp, before] = [stampOf(tick, clock), best[tick.tt]]
      if (stamp <= atUs && (before === undefined || stamp >= stampOf(before, clock))) best[tick.tt] = tick
    }
  }
  const others = tts.filter((tt) => best[tt] === undefined)
  if (others.length === 0 || nearUs === 0) return best
  await using far = await openHistory({ ...contract, tts: others, startUs: Math.max(0, atUs - FAR_US), endUs: nearUs })
  for (const tt of others) {
    const last = await lastUpTo(far, tt, (tick) => stampOf(tick, clock) <= atUs)
    if (last) best[tt] = last
  }
  return best
}

/** The last one as a rule; more are looked at where ticks came after the moment that are stamped far before it. */
async function lastUpTo(history: History, tt: TickType, isBefore: (tick: TickMessage) => boolean): Promise<TickMessage | undefined> {
  for (let count = 1; ; count *= MORE) {
    const ticks = await history.last(count, { tts: [tt] })
    const found = ticks.findLast(isBefore)
    if (found !== undefined || ticks.length < count) return found
  }
}

const MORE = 64

/** Of a tick that was filled in later our stamp says when that was. */
const stampOf = (tick: TickMessage, clock: AsOfClock): number => (tick.bf ? tick.ts : tick[clock])
