import { type TickMessage, type TickType, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { openHistory } from '@ib-stream/tape'
import type { RouteDeps } from '../api/route.ts'

/** By which stamp a tick is the newest: IB's (whole seconds) or ours at the socket. */
export type AsOfClock = 'ts' | 'st'

/** A tick lies up to so much after its stamp of IB in our time: they are whole seconds, and clocks differ. */
const AHEAD_US = 2 * US_PER_SECOND
const NEAR_US = 60 * US_PER_SECOND
/** Then further back. */
const FAR_US = 14 * US_PER_DAY

/** The last tick of each type at or before a moment; those that have none in the two weeks before are left out. */
export async function ticksAsOf(
  deps: RouteDeps,
  { cid, tts, atUs, clock, signal }: { cid: number; tts: readonly TickType[]; atUs: number; clock: AsOfClock; signal: AbortSignal },
): Promise<Partial<Record<TickType, TickMessage>>> {
  const contract = { dataDir: deps.dataDir, backends: deps.backends, bus: deps.live.bus, cids: [cid], signal }
  const nearUs = Math.max(0, atUs - NEAR_US)
  await using near = await openHistory({ ...contract, tts, startUs: nearUs, endUs: atUs + AHEAD_US })
  const best: Partial<Record<TickType, TickMessage>> = {}
  for await (const batch of near.batches()) {
    for (const tick of batch) {
      const [stamp, before] = [stampOf(tick, clock), best[tick.tt]]
      if (stamp <= atUs && (before === undefined || stamp >= stampOf(before, clock))) best[tick.tt] = tick
    }
  }
  for (const tt of nearUs > 0 ? tts : []) {
    if (best[tt] !== undefined) continue
    await using far = await openHistory({ ...contract, tts: [tt], startUs: Math.max(0, atUs - FAR_US), endUs: nearUs })
    const [last] = await far.last(1)
    if (last) best[tt] = last
  }
  return best
}

/** Of a tick that was filled in later our stamp says when that was. */
const stampOf = (tick: TickMessage, clock: AsOfClock): number => (tick.bf ? tick.ts : tick[clock])
