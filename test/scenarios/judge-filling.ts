import type { Tick } from '@ib-stream/gateway-sim'
import type { PlainTick } from '../support/ticks.ts'
import { plainOf, textOf } from './market-text.ts'
import type { RecorderEventLine } from './scenario.ts'

export interface Filling {
  /** Ticks of the market since the stream was first asked for. */
  happened: readonly Tick[]
  /** Live ones and filled ones. */
  recorded: readonly PlainTick[]
  events: readonly RecorderEventLine[]
  endUs: number
  /** How far the stamp of a tick may lie from the moment in which it was sent, µs. */
  slack: number
}

interface Range {
  fromUs: number
  toUs: number
}

/**
 * Holds the files to the market after filling: what IB's history has is there, in declared gaps too, and nothing is there more often than it happened. Left out is what
 * nobody could fill: gaps that were open at the end, and those that the ledger calls unavailable or filled in part.
 */
export function judgeFilling(stream: string, { happened, recorded, events, endUs, slack }: Filling): string[] {
  const [cid = '', ...rest] = stream.split('_')
  const tt = rest.join('_')
  const own = events.filter((event) => String(event.cid) === cid && event.tt === tt)
  const firstUs = Math.min(...recorded.map(({ ts }) => ts))
  const unfilled = unfilledOf(own, endUs)
  // Not the first second, of which the stream had a part, and not what was too young to be in IB's history yet.
  const isJudged = ({ ts }: { ts: number }) =>
    ts > firstUs && ts < endUs - slack && !unfilled.some(({ fromUs, toUs }) => ts >= fromUs - slack && ts <= toUs + slack)
  const market = happened.map((tick) => ({ ts: tick.tsUs, text: textOf({ ...plainOf(tick), tt }), isInHistory: !isUnreported(tick) }))
  const missing = without(
    market.filter((tick) => tick.isInHistory && isJudged(tick)),
    recorded.map((tick) => ({ ts: tick.ts, text: textOf(tick) })),
  )
  const tooMany = without(recorded.map((tick) => ({ ts: tick.ts, text: textOf(tick) })).filter(isJudged), market)
  const filled = recorded.filter(({ bf }) => bf === true).length
  const told = own.filter(({ kind }) => kind === 'backfill_page').reduce((sum, { ticks }) => sum + Number(ticks), 0)
  return [
    ...(missing.length > 0
      ? [
          `${stream}: ${missing.length} ticks of IB's history are missing though all gaps are filled, first ${missing[0]?.text}; ${filledAround(own, missing[0]?.ts ?? 0)}; recorded of that second: ${secondOf(recorded, missing[0]?.ts ?? 0)}; happened: ${secondOf(market, missing[0]?.ts ?? 0)}`,
        ]
      : []),
    ...(tooMany.length > 0
      ? [`${stream}: ${tooMany.length} ticks are there more often than they happened, first ${tooMany[0]?.text}`]
      : []),
    ...(filled === told ? [] : [`${stream}: ${filled} filled ticks, but the ledger tells of ${told}`]),
  ]
}

/** Gaps that are holes still. */
function unfilledOf(own: readonly RecorderEventLine[], endUs: number): Range[] {
  const filled = new Set(
    own.filter(({ kind, state }) => kind === 'backfill' && state === 'filled').map((fill) => `${fill.gapFromUs} ${fill.gapToUs}`),
  )
  const gaps = own.filter(({ kind }) => kind === 'gap') as (RecorderEventLine & Range)[]
  return gaps.filter(({ fromUs, toUs }) => toUs > endUs || !filled.has(`${fromUs} ${toUs}`))
}

/** What the ledger says of a time, for a person. */
function filledAround(own: readonly RecorderEventLine[], us: number): string {
  const told = own.filter(({ kind, fromUs, toUs, gapFromUs, gapToUs }) => {
    const [from, to] = kind.startsWith('backfill') ? [gapFromUs, gapToUs] : [fromUs, toUs]
    return kind !== 'gap_opened' && Number(from) <= us + NEAR_US && Number(to) >= us - NEAR_US
  })
  return told.map((event) => JSON.stringify(event)).join(' ')
}

const secondOf = (ticks: readonly { ts: number }[], us: number): string => JSON.stringify(ticks.filter(({ ts }) => ts === us))

const NEAR_US = 10_000_000

const isUnreported = (tick: Tick): boolean => 'unreported' in tick && tick.unreported

type Line = { ts: number; text: string }

/** What is left of some ticks when others are taken away, each once. */
function without(ticks: readonly Line[], others: readonly Line[]): Line[] {
  const left = new Map<string, number>()
  for (const { text } of others) left.set(text, (left.get(text) ?? 0) + 1)
  return ticks.filter(({ text }) => {
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count <= 0
  })
}
