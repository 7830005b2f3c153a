import type { TickMessage } from '@ib-stream/model'
import { isBefore, isLate } from './truth.ts'

/** What came on one connection of a client, as places in the truth. */
export interface Connection {
  history: number[]
  live: number[]
  /** `resume_incomplete` stands before it: its history begins anew from the files. */
  isAnew?: boolean
}

/** What `resume_incomplete` says: the log has forgotten what came then, so of the late ones among it some may be missing. */
export interface Incomplete {
  /** µs UTC. */
  fromUs: number
  /** So many ticks were published when it was said. */
  saidAt: number
}

/** What a client asked for, and what it was given on all its connections. */
export interface Given {
  cids: readonly number[]
  /** First `ts` of its history; infinite: live alone. */
  startUs: number
  /** So many ticks were published when it heard that it is subscribed: what was published later is due to it, whatever its stamp. */
  subscribedAt: number
  connections: readonly Connection[]
  incomplete: readonly Incomplete[]
  /** Lines that were never published, and events that should not have come. */
  strange: readonly string[]
}

/** Whether a tick is due to a client. */
export const isDue = ({ cids, startUs, subscribedAt }: Given, tick: TickMessage, place: number): boolean =>
  cids.includes(tick.cid) && (tick.ts >= startUs || place >= subscribedAt)

/** Whether a client was told that a tick may be missing: it came late, after the moment from which the log had forgotten it, and is stamped before. */
export const mayLack = ({ incomplete }: Given, tick: TickMessage, place: number): boolean =>
  isLate(tick) && incomplete.some(({ fromUs, saidAt }) => place < saidAt && tick.st > fromUs && tick.ts <= fromUs)

/**
 * In which ways a client's sequence is not the truth from its start: each due tick once; history in query order, late ticks before where it had been cut in the
 * order of their arrival; live in the order of arrival. What it was told that it may lack is not due.
 */
export function findingsOf(given: Given, ticks: readonly TickMessage[]): string[] {
  return [...given.strange.map((line) => `strange: ${line}`), ...wholeness(given, ticks), ...order(given, ticks)]
}

function wholeness(given: Given, ticks: readonly TickMessage[]): string[] {
  const findings: string[] = []
  const seen = new Set<number>()
  for (const place of given.connections.flatMap(({ history, live }) => [...history, ...live])) {
    if (seen.has(place)) findings.push(`doubled: ${place}`)
    seen.add(place)
    if (!given.cids.includes(ticks[place]?.cid ?? 0)) findings.push(`of a contract that was not asked for: ${place}`)
  }
  const firstLive = Math.min(...given.connections.flatMap(({ live }) => live.slice(0, 1)))
  const isMissing = (tick: TickMessage, place: number) =>
    !seen.has(place) && (isDue(given, tick, place) || (place > firstLive && given.cids.includes(tick.cid))) && !mayLack(given, tick, place)
  const lost = ticks.flatMap((tick, place) => (isMissing(tick, place) ? [place] : []))
  if (lost.length > 0) findings.push(`lost: ${lost.length} of ${seen.size + lost.length}, from ${lost[0]} to ${lost.at(-1)}`)
  for (const place of given.connections[0]?.history ?? [])
    if ((ticks[place]?.ts ?? 0) < given.startUs) findings.push(`before its start: ${place}`)
  return findings
}

function order({ connections }: Given, ticks: readonly TickMessage[]): string[] {
  const findings: string[] = []
  /** How far it has come in query order. */
  let reached: TickMessage | undefined
  let lastLive = -1
  for (const { history, live, isAnew } of connections) {
    let lastLate = -1
    if (isAnew) reached = undefined
    const from = reached
    for (const place of history) {
      const tick = ticks[place] as TickMessage
      if (from !== undefined && reached === from && isBefore(tick, from)) {
        if (place <= lastLate) findings.push(`late, out of order: ${place}`)
        lastLate = place
      } else {
        if (reached !== undefined && !isBefore(reached, tick)) findings.push(`history out of order: ${place}`)
        reached = tick
      }
    }
    for (const place of live) {
      if (place <= lastLive) findings.push(`live out of order: ${place} after ${lastLive}`)
      lastLive = place
    }
  }
  return findings
}
