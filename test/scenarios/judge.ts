import type { Tick } from '@ib-stream/gateway-sim'
import type { GapCause } from '@ib-stream/model'
import { compareWithTruth } from '../chaos/check/against-truth.ts'
import { type PlainTick, withoutStamp } from '../support/ticks.ts'
import type { RecorderEventLine, Scenario } from './scenario.ts'
import type { Outcome } from './world.ts'

interface Gap extends RecorderEventLine {
  cid: number
  tt: string
  fromUs: number
  toUs: number
  cause: string
}

/** A tick's stamp is its second, and it is recorded a moment later: of the clock, so the more the faster that runs. */
const slackUs = (rate: number) => 1_000_000 + rate * 300_000

/**
 * The clock runs so fast that a pause of this process, a few hundred ms, looks like a gateway that is silent for ten seconds; and where it runs faster still, like
 * streams that are silent for a minute.
 */
const hurried = (rate: number): readonly GapCause[] => (rate > 20 ? ['gateway_mute', 'stale'] : ['gateway_mute'])

/** Everything that is wrong with what a scenario left behind, in words. */
export function judge(scenario: Scenario, { sent, recorded, events, market, endUs }: Outcome, rate: number): string[] {
  const gaps = events.filter((event): event is Gap => event.kind === 'gap')
  const found = judgeCauses(scenario, { gaps, endUs, rate })
  for (const stream of new Set([...sent.keys(), ...recorded.keys()])) {
    if (scenario.unwanted?.includes(stream)) continue
    const own = gaps.filter(({ cid, tt }) => `${cid}_${tt}` === stream)
    const ticks = recorded.get(stream) ?? []
    const faults = compareWithTruth(inOrder(sent.get(stream) ?? []), inOrder(ticks), own, slackUs(rate))
    found.push(...faults.map(({ kind, count, detail }) => `${stream}: ${count} ${kind} of what was sent (${detail})`))
    if (!scenario.marketDiffers)
      found.push(...missedOfMarket(stream, { happened: market.get(stream) ?? [], ticks, gaps: own, endUs, rate }))
  }
  return found
}

function judgeCauses(
  { causes, mayCause = [] }: Scenario,
  { gaps, endUs, rate }: { gaps: readonly Gap[]; endUs: number; rate: number },
): string[] {
  const before = gaps.filter(({ fromUs, toUs }) => fromUs < endUs - 1_000_000 && toUs < endUs)
  const allowed = new Set<string>([...causes, ...mayCause, ...hurried(rate)])
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
    rate,
  }: { happened: readonly Tick[]; ticks: readonly PlainTick[]; gaps: readonly Gap[]; endUs: number; rate: number },
): string[] {
  const left = new Map<string, number>()
  for (const tick of ticks) left.set(textOf(tick), (left.get(textOf(tick)) ?? 0) + 1)
  const [firstUs = Number.POSITIVE_INFINITY] = ticks.map(({ ts }) => ts)
  const slack = slackUs(rate)
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

function plainOf(tick: Tick): PlainTick {
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

const textOf = ({ rid: _, ...tick }: PlainTick): string => withoutStamp(tick as PlainTick)

/** With the newest stamp up to then as the time when it was sent: a clock that is set back does not take that with it. */
function inOrder<Given extends PlainTick>(ticks: readonly Given[]): { sentUs: number; text: string; st: number }[] {
  let newestUs = 0
  return ticks.map((tick) => {
    newestUs = Math.max(newestUs, tick.ts)
    return { sentUs: newestUs, text: withoutStamp(tick), st: tick.st ?? 0 }
  })
}
