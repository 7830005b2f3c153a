import { US_PER_SECOND } from '@ib-stream/model'

/** One figure, and what it must reach where something is asked of it. */
export interface Figure {
  name: string
  /** The median, where it was measured some times. */
  value: number
  unit: string
  /** Least and most of the rounds. */
  spread?: readonly [number, number]
  atLeast?: number
}

/** Seconds of each run in each round: every run once a round, in turn, so that what else the machine does meets all of them; the first round only warms up. */
export async function secondsOf(runs: Record<string, () => Promise<number> | number>, rounds: number): Promise<Map<string, number[]>> {
  const seconds = new Map(Object.keys(runs).map((name): [string, number[]] => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const took = await run()
      if (round > 0) seconds.get(name)?.push(took)
    }
  }
  return seconds
}

/** Runs work and gives the CPU seconds of this thread, which other work on the machine changes little; the collector's own threads are not in them. */
export function timed(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / US_PER_SECOND
}

export function figureOf(name: string, unit: string, rounds: readonly number[], atLeast?: number): Figure {
  const sorted = rounds.toSorted((a, b) => a - b)
  const at = (index: number) => sorted.at(index) ?? Number.NaN
  const value = (at(Math.floor((sorted.length - 1) / 2)) + at(Math.floor(sorted.length / 2))) / 2
  return { name, value, unit, spread: [at(0), at(-1)], ...(atLeast === undefined ? {} : { atLeast }) }
}
