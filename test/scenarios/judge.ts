import type { Tick } from '@ib-stream/gateway-sim'
import { compareWithTruth } from '../chaos/check/against-truth.ts'
import { type PlainTick, withoutStamp } from '../support/ticks.ts'
import { judgeFilling } from './judge-filling.ts'
import { plainOf, textOf } from './market-text.ts'
import type { RecorderEventLine, Scenario } from './scenario.ts'
import type { Outcome } from './world.ts'

interface Gap extends RecorderEventLine {
  cid: number
  tt: string
  fromUs: number
  toUs: number
  cause: string
}

/**
 * Everything that is wrong with what a scenario left behind, in words.
 * @param slack how long before or after a gap what is missing may bear its stamp, µs
 */
export function judge(scenario: Scenario, { sent, recorded, events, market, flowingUs, endUs }: Outcome, slack: number): string[] {
  const gaps = events.filter((event): event is Gap => event.kind === 'gap')
  const found = judgeCauses(scenario, { gaps, flowingUs, endUs })
  for (const stream of new Set([...sent.keys(), ...recorded.keys()])) {
    if (scenario.unwanted?.includes(stream)) continue
    const own = gaps.filter(({ cid, tt }) => `${cid}_${tt}` === stream)
    const all = recorded.get(stream) ?? []
    const ticks = all.filter(({ bf }) => bf !== true)
    const faults = compareWithTruth(inOrder(sent.get(stream) ?? []), inOrder(ticks), own, slack)
    found.push(...faults.map(({ kind, count, detail }) => `${stream}: ${count} ${kind} of what was sent (${detail})`))
    if (scenario.marketDiffers) continue
    const happened = market.get(stream) ?? []
    found.push(...missedOfMarket(stream, { happened, ticks, gaps: own, endUs, slack }))
    found.push(...judgeFilling(stream, { happened, recorded: all, events, endUs, slack }))
  }
  return found
}

function judgeCauses(
  { causes, mayCause = [] }: Scenario,
  { gaps, flowingUs, endUs }: { gaps: readonly Gap[]; flowingUs: number; endUs: number },
): string[] {
  const before = gaps.filter(({ fromUs, toUs }) => toUs > flowingUs && fromUs < endUs - 1_000_000 && toUs < endUs)
  const allowed = new Set<string>([...causes, ...mayCause])
  const odd = before.filter(({ cause }) => !allowed.has(cause))
  const told = new Set(before.map(({ cause }) => cause))
  return [
    ...odd.map((gap) => `a gap that nothing explains: ${JSON.stringify(gap)}`),
    ...causes.filter((cause) => !told.has(cause)).map((cause) => `no gap of cause ${cause}, but ${[...told].join(', ') || 'none at all'}`),
  ]
}

/** Ticks of the market that were not recorded, outside of every gap. */
function missedOfMarket(
  stream: string,
  {
    happened,
    ticks,
    gaps,
    endUs,
    slack,
  }: { happened: readonly Tick[]; ticks: readonly PlainTick[]; gaps: readonly Gap[]; endUs: number; slack: number },
): string[] {
  const left = new Map<string, number>()
  for (const tick of ticks) left.set(textOf(tick), (left.get(textOf(tick)) ?? 0) + 1)
  const [firstUs = Number.POSITIVE_INFINITY] = ticks.map(({ ts }) => ts)
  const tt = stream.slice(stream.indexOf('_') + 1) // IB's history of trades is the same for both kinds
  const missed = happened.filter((tick) => {
    if (tick.tsUs <= firstUs || tick.tsUs > endUs - slack) return false
    const text = textOf({ ...plainOf(tick), tt })
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count <= 0 && !gaps.some(({ fromUs, toUs }) => tick.tsUs >= fromUs - slack && tick.tsUs <= toUs + slack)
  })
  const [first] = missed
  return first
    ? [
        `${stream}: ${missed.length} of ${happened.length} ticks of the market are missing outside of every gap, first ${JSON.stringify(first)}`,
      ]
    : []
}

/** With the newest stamp up to then as the time when it was sent: a clock that is set back does not take that with it. */
function inOrder<Given extends PlainTick>(ticks: readonly Given[]): { sentUs: number; text: string; st: number }[] {
  let newestUs = 0
  return ticks.map((tick) => {
    newestUs = Math.max(newestUs, tick.ts)
    return { sentUs: newestUs, text: withoutStamp(tick), st: tick.st ?? 0 }
  })
}
