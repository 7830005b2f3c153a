import { wholeSeconds } from '../../clock.ts'
import type { PastSeconds } from '../market-source.ts'
import { laterTick } from '../shifted-tick.ts'
import type { Tick } from '../tick.ts'
import type { RecordedTick } from './replay-line.ts'

/** What part of a recording is past. */
export interface RecordedPast extends PastSeconds {
  /** Ticks of the recording that have been played; the others are future. */
  readonly ticks: number
  /** Added to recorded stamps, µs, whole seconds. */
  readonly shiftUs: number
}

/** A recorded stamp may come after a younger one, by less than this. */
const LATE_SECONDS = 3
/** What a backward reading holds: the last ticks of the range, some pages of them. */
const MOST_HELD = 20_000

/** Seconds of a contract, read from the recording. Memory: a few seconds, or the last 20,000 ticks of the range when read backward. */
export async function* pastOfRecording(
  batches: AsyncIterable<readonly RecordedTick[]>,
  past: RecordedPast,
): AsyncGenerator<readonly Tick[]> {
  const { direction } = past
  const seconds = new Map<number, Tick[]>()
  let held = 0
  for await (const [second, tick] of ticksInRange(batches, past)) {
    // Forward only a few seconds are held; the first one held is not the oldest where a stamp came late.
    const oldest = direction === 'forward' ? Math.min(...seconds.keys()) : seconds.keys().next().value
    const drops = direction === 'forward' ? oldest !== undefined && second >= oldest + LATE_SECONDS : held >= MOST_HELD
    if (drops && oldest !== undefined && oldest !== second) {
      const ticks = seconds.get(oldest) ?? []
      seconds.delete(oldest)
      held -= ticks.length
      if (direction === 'forward') yield ticks
    }
    const ofSecond = seconds.get(second)
    if (ofSecond === undefined) seconds.set(second, [tick])
    else ofSecond.push(tick)
    held++
  }
  const order = [...seconds.keys()].sort((a, b) => (direction === 'forward' ? a - b : b - a))
  for (const second of order) yield seconds.get(second) ?? []
}

async function* ticksInRange(
  batches: AsyncIterable<readonly RecordedTick[]>,
  { contract, kind, fromSecond, toSecond, ticks, shiftUs }: RecordedPast,
): AsyncGenerator<readonly [second: number, tick: Tick]> {
  let left = ticks
  for await (const batch of batches) {
    for (const { tick } of batch.slice(0, left)) {
      if (tick.conId !== contract.conId || tick.kind !== kind) continue
      const second = wholeSeconds(tick.tsUs + shiftUs)
      if (second >= fromSecond && second <= toSecond) yield [second, laterTick(tick, shiftUs)]
      if (second > toSecond + LATE_SECONDS) return
    }
    left -= batch.length
    if (left <= 0) return
  }
}
