import { compareTicks, type TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '../codec/json.ts'

/** The same tick of the market: all fields but our own stamp and the request id, which differ between two that heard it. */
export const marketKey = (tick: TickMessage): string => encodeTickJson({ ...tick, st: 0, rid: 0 })

/** The same record: our own stamp too. Two files that hold it are copies. */
export const recordKey = (tick: TickMessage): string => encodeTickJson({ ...tick, rid: 0 })

type Key = (tick: TickMessage) => string

/**
 * Union of multisets: a tick that one list has n times and another m times is there max(n, m) times. Of equal ticks those of earlier lists are kept.
 * Lists need no order; the result is in query order, equal ones in the order of the lists. Equal ticks have equal `ts`, so one stamp at a time is looked at.
 */
export function unionOf(lists: readonly (readonly TickMessage[])[], key: Key): TickMessage[] {
  const [only, ...others] = lists.filter(({ length }) => length > 0)
  if (only === undefined) return []
  if (others.length === 0) return only.toSorted(compareTicks)
  const runs = [only, ...others].map((list) => new Runs(list.toSorted(compareTicks)))
  const result: TickMessage[] = []
  for (let ts = nextTs(runs); ts < Number.POSITIVE_INFINITY; ts = nextTs(runs)) {
    const present = runs.filter((run) => run.ts === ts).map((run) => run.take())
    result.push(...(present.length === 1 ? (present[0] ?? []) : unionOfMoment(present, key)))
  }
  return result
}

/** What `all` has beyond `some`, as multisets: of equal ticks the first ones are taken away. Order as in `all`. */
export function differenceOf(all: readonly TickMessage[], some: readonly TickMessage[], key: Key): TickMessage[] {
  if (some.length === 0) return [...all]
  const counts = new Map<string, number>()
  for (const tick of some) {
    const name = key(tick)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return all.filter((tick) => {
    const name = key(tick)
    const count = counts.get(name) ?? 0
    if (count > 0) counts.set(name, count - 1)
    return count === 0
  })
}

const nextTs = (runs: readonly Runs[]): number => Math.min(...runs.map(({ ts }) => ts))

function unionOfMoment(lists: readonly (readonly TickMessage[])[], key: Key): TickMessage[] {
  const known = new Map<string, number>()
  const result: TickMessage[] = []
  for (const list of lists) {
    const here = new Map<string, number>()
    for (const tick of list) {
      const name = key(tick)
      const count = (here.get(name) ?? 0) + 1
      here.set(name, count)
      if (count > (known.get(name) ?? 0)) {
        known.set(name, count)
        result.push(tick)
      }
    }
  }
  return result.sort(compareTicks)
}

/** A sorted list, taken one stamp at a time. */
class Runs {
  readonly #ticks: readonly TickMessage[]
  #at = 0

  constructor(ticks: readonly TickMessage[]) {
    this.#ticks = ticks
  }

  get ts(): number {
    return this.#ticks[this.#at]?.ts ?? Number.POSITIVE_INFINITY
  }

  take(): readonly TickMessage[] {
    const from = this.#at
    const { ts } = this
    while (this.ts === ts && this.#at < this.#ticks.length) this.#at++
    return this.#ticks.slice(from, this.#at)
  }
}
