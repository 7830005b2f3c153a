import { compareTicks, hourOf, partitionOf, type TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '../../src/codec/json.ts'
import type { TickRange } from '../../src/query/open-range.ts'
import type { RangeOptions } from '../../src/query/plan-range.ts'
import { CIDS, tickAt } from './log.ts'

/** Answers what the log would, from memory. */
export class Model {
  readonly #ticks = new Map<number, TickMessage[]>(CIDS.map((cid) => [cid, []]))

  /** Ticks of a range in query order, of messages up to the positions that the range names. */
  answerOf({ cids, tts, startUs, endUs }: RangeOptions, positions: TickRange['positions']): TickMessage[] {
    const found = cids.flatMap((cid) => this.#upTo(cid, positions.get(partitionOf(cid)) ?? 0))
    return found.filter(({ ts, tt }) => ts >= startUs && ts < endUs && tts.includes(tt)).sort(compareTicks)
  }

  #upTo(cid: number, seq: number): TickMessage[] {
    const ticks = this.#ticks.get(cid) ?? []
    while (ticks.length < seq) ticks.push(tickAt(cid, ticks.length + 1))
    return ticks.slice(0, seq)
  }
}

/** @throws Error that names the first difference */
export function assertSame(found: readonly TickMessage[], wanted: readonly TickMessage[], what: string): void {
  const most = Math.max(found.length, wanted.length)
  for (let i = 0; i < most; i++) {
    const [a, b] = [found[i], wanted[i]]
    if (a && b && a.st === b.st && encodeTickJson(a) === encodeTickJson(b)) continue
    throw new Error(
      `${what}: tick ${i} of ${found.length} is ${a ? encodeTickJson(a) : 'missing'}, should be ${b ? encodeTickJson(b) : 'none'} (of ${wanted.length})`,
    )
  }
}

/**
 * Holds an answer of a backend that retention takes from to what it says is missing: whole hours of a contract and tick type that lack exactly so many.
 * @throws Error that names the first hour that does not fit
 */
export function assertAllButRemoved(found: readonly TickMessage[], wanted: readonly TickMessage[], range: TickRange, what: string): void {
  const keyOf = ({ cid, tt, ts }: TickMessage) => `${cid}_${tt}_${hourOf(ts)}`
  const missing = new Map(range.removed.map(({ cid, tt, hourUs, ticks }) => [`${cid}_${tt}_${hourUs}`, ticks]))
  const foundIn = Map.groupBy(found, keyOf)
  for (const [key, ticks] of Map.groupBy(wanted, keyOf)) {
    const there = foundIn.get(key) ?? []
    if (!missing.has(key)) assertSame(there, ticks, `${what}, ${key}`)
    else if (there.length + (missing.get(key) ?? 0) !== ticks.length)
      throw new Error(`${what}, ${key}: ${there.length} ticks and ${missing.get(key)} removed are not ${ticks.length}`)
  }
}
