import { hash31 } from '@ib-stream/model'
import type { TrackedContract } from '@ib-stream/service'
import type { DesiredStream } from './line-plan.ts'

/** The streams of tracked contracts, in the order in which they are listed: the first are the last to go without a line. */
export function trackedStreams(contracts: readonly TrackedContract[]): DesiredStream[] {
  return contracts.flatMap(({ cid, symbol, tickTypes }) =>
    tickTypes.map((tt) => ({ cid, tt, symbol, rid: hash31(cid, tt), tracked: true })),
  )
}
