import { type TickMessage, US_PER_SECOND } from '@ib-stream/model'

/** Whole seconds of IB's stamps, both ends included. */
export interface Seconds {
  fromSecond: number
  toSecond: number
}

/** Bounds in our own time (`st`), µs UTC. */
export interface StRange {
  fromUs: number
  toUs: number
}

/** How much longer than its neighbour a tick may have been on its way. */
const SLACK_SECONDS = 3
/** When a connection ends, what was on its way may be this late already (a farm in trouble, a gateway that is behind): none of it came, whatever the last tick that did says. */
const LATE_SECONDS = 30
/** The first tick after a gap may be a late one: the promptest of so long says where the gap ends. */
const AFTER_US = US_PER_SECOND

/**
 * The seconds in which ticks of a gap can lie. A gap is known by our stamps, IB's history by IB's: the last tick heard before the gap and the first one after it
 * tie the two together, so that a clock of ours that is wrong does not matter. Where there is no such tick, the clocks count as agreeing but for `offsetUs`.
 *
 * The bounds are generous, for what is recorded is matched; but not beyond the seconds of those two ticks: what lies before the one and after the other is certain.
 * @param heard live ticks of the stream around the gap, in any order; filled ones are passed over
 * @param offsetUs our time minus IB's
 */
export function fillWindow(gap: StRange, heard: readonly TickMessage[], offsetUs: number): Seconds {
  const live = heard.filter(({ bf }) => !bf)
  const before = newest(live.filter(({ st }) => st <= gap.fromUs))
  const firstUs = Math.min(...live.filter(({ st }) => st >= gap.toUs).map(({ st }) => st))
  const after = promptest(live.filter(({ st }) => st >= gap.toUs && st <= firstUs + AFTER_US))
  const offsetBeforeUs = offsetOf(before ?? after) ?? offsetUs
  const offsetAfterUs = offsetOf(after ?? before) ?? offsetUs
  const fromSecond = secondOf(gap.fromUs - offsetBeforeUs) - (before ? LATE_SECONDS : SLACK_SECONDS)
  const toSecond = secondOf(gap.toUs - offsetAfterUs) + 1 + SLACK_SECONDS
  return {
    fromSecond: before ? Math.max(fromSecond, secondOf(before.ts)) : fromSecond,
    toSecond: after ? Math.min(toSecond, secondOf(after.ts)) : toSecond,
  }
}

const offsetOf = (tick: TickMessage | undefined): number | undefined => tick && tick.st - tick.ts
const newest = (ticks: readonly TickMessage[]) => ticks.reduce<TickMessage | undefined>((a, b) => (a && a.st > b.st ? a : b), undefined)
/** The one that was on its way the least. */
const promptest = (ticks: readonly TickMessage[]) =>
  ticks.reduce<TickMessage | undefined>((a, b) => (a && a.st - a.ts < b.st - b.ts ? a : b), undefined)
const secondOf = (us: number): number => Math.floor(us / US_PER_SECOND)
