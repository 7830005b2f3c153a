import { hash31, type TrackedContract, trackedCid } from '@ib-stream/model'
import type { RememberedStream } from '../stream-memory.ts'
import type { DesiredStream } from '../subscriptions/line-plan.ts'
import type { OpenGap } from './gap-tracker.ts'

export interface EarlierRuns {
  /** What they recorded at their end, as far as they left word. */
  before: readonly RememberedStream[]
  /** Up to when they heard the gateway; undefined where they left nothing at all. */
  heardUntilUs: number | undefined
  /** Where that word is missing or cannot be read: when the last tick of a stream came, by request id; undefined for one that left none. */
  lastTickUs?: ((rid: number) => number | undefined) | undefined
}

/**
 * Since when ticks of a stream are missing that is desired for the first time in this run; undefined where it was not recorded before.
 * @param isAtStart it was desired before this run heard of any change; what is desired later was recorded before only as far as it is tracked
 */
export function missedAtStart(
  { rid, tracked }: DesiredStream,
  { before, heardUntilUs, lastTickUs }: EarlierRuns,
  isAtStart: boolean,
): OpenGap | undefined {
  const remembered = before.find((stream) => stream.rid === rid)
  const lastUs = tracked || isAtStart ? lastTickUs?.(rid) : undefined
  const fromUs = lastUs ?? (remembered && heardUntilUs)
  if (fromUs === undefined) return undefined
  return remembered?.gap ?? { fromUs, cause: 'ingest_down', reason: 'ingest was not running' }
}

/** Where no earlier run left word of its streams, all that is named by its id may have been recorded. */
export function namedById(tracked: readonly TrackedContract[]): DesiredStream[] {
  return tracked.flatMap((contract) => {
    const cid = trackedCid(contract)
    if (cid === undefined) return []
    return contract.tickTypes.map((tt) => ({ cid, tt, rid: hash31(cid, tt), symbol: contract.symbol, tracked: true }))
  })
}
