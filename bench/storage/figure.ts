import { setTimeout as sleep } from 'node:timers/promises'
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
  atMost?: number
}

export type Limits = Pick<Figure, 'atLeast' | 'atMost'>

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

/** Runs work and gives the CPU seconds of all threads of this process: for what takes milliseconds, which on a busy machine are mostly others'. */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.() // what ran before leaves its garbage to none of its rivals
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / US_PER_SECOND
}

const MS_PER_SECOND = 1_000
/** The collector's threads go on for some 30 ms behind it: a question of 7 ms took 34 beside them. */
const SWEEPING_MS = 60

/** Runs work and gives the seconds that went by. */
export async function elapsed(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.()
  await sleep(SWEEPING_MS)
  const startedMs = performance.now()
  await work()
  return (performance.now() - startedMs) / MS_PER_SECOND
}

export function figureOf(name: string, unit: string, rounds: readonly number[], limits: Limits = {}): Figure {
  const sorted = rounds.toSorted((a, b) => a - b)
  const at = (index: number) => sorted.at(index) ?? Number.NaN
  const value = (at(Math.floor((sorted.length - 1) / 2)) + at(Math.floor(sorted.length / 2))) / 2
  return { name, value, unit, spread: [at(0), at(-1)], ...limits }
}

/** How many times as fast one run is as another: the median of the rounds' own ratios. */
export function timesAsFast(seconds: ReadonlyMap<string, readonly number[]>, run: string, than: string, limits: Limits = {}): Figure {
  const rivals = seconds.get(than) ?? []
  const times = (seconds.get(run) ?? []).map((took, round) => (rivals[round] ?? Number.NaN) / took)
  return figureOf(`${run} against ${than}`, '×', times, limits)
}

export const reaches = ({ value, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Figure): boolean =>
  value >= atLeast && value <= atMost

export function lineOf(figure: Figure): string {
  const { name, value, unit, spread, atLeast, atMost } = figure
  const number = (of: number) => of.toLocaleString('en-US', { maximumFractionDigits: of < 1_000 ? 2 : 0 })
  const between = spread === undefined ? '' : ` (${number(spread[0])} to ${number(spread[1])})`
  const limit = atLeast === undefined ? (atMost === undefined ? '' : `at most ${number(atMost)}`) : `at least ${number(atLeast)}`
  const verdict = limit === '' ? '' : `  ${reaches(figure) ? 'pass' : 'FAIL'} (${limit})`
  return `${name.padEnd(64)} ${number(value).padStart(12)} ${unit}${between}${verdict}`
}
