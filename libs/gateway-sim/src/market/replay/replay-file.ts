import { GatewaySimError, messageOf } from '../../errors.ts'
import type { TickKind } from '../tick.ts'
import { readLineBatches } from './read-lines.ts'
import { parseReplayLine, type RecordedTick } from './replay-line.ts'

/** What has to be known of a file before its first tick goes out. */
export interface ReplayFacts {
  readonly ticks: number
  /** Receipt time of the first tick, µs. */
  readonly firstStUs: number
  /** Latest IB stamp, µs; in a file in order it is the last tick's. */
  readonly lastTsUs: number
  readonly kinds: ReadonlyMap<number, ReadonlySet<TickKind>>
}

/**
 * Recorded ticks in the order of the file, batch by batch; empty lines are passed over.
 * @throws GatewaySimError IBS_SIM_REPLAY_INVALID with the line's number
 */
export async function* readTickBatches(path: string): AsyncGenerator<readonly RecordedTick[]> {
  let number = 0
  for await (const lines of readLineBatches(path)) {
    const batch: RecordedTick[] = []
    for (const line of lines) {
      number++
      if (line.trim() !== '') batch.push(parse(path, number, line))
    }
    yield batch
  }
}

/**
 * Reads the whole file once, so that a bad line shows before anybody listens and the last stamp is known.
 * @throws GatewaySimError IBS_SIM_REPLAY_INVALID, also for a file without ticks
 */
export async function surveyReplay(path: string): Promise<ReplayFacts> {
  const kinds = new Map<number, Set<TickKind>>()
  let ticks = 0
  let firstStUs = 0
  let lastTsUs = Number.NEGATIVE_INFINITY
  for await (const batch of readTickBatches(path)) {
    for (const { tick, stUs } of batch) {
      if (ticks++ === 0) firstStUs = stUs
      lastTsUs = Math.max(lastTsUs, tick.tsUs)
      const ofContract = kinds.get(tick.conId) ?? new Set<TickKind>()
      kinds.set(tick.conId, ofContract.add(tick.kind))
    }
  }
  if (ticks === 0) throw new GatewaySimError('IBS_SIM_REPLAY_INVALID', `${path} has no ticks; give a file with v3 JSON lines`, { path })
  return { ticks, firstStUs, lastTsUs, kinds }
}

function parse(path: string, number: number, line: string): RecordedTick {
  try {
    return parseReplayLine(line)
  } catch (cause) {
    const facts = { path, line: number }
    throw new GatewaySimError(
      'IBS_SIM_REPLAY_INVALID',
      `${path} line ${number}: ${messageOf(cause)}; correct the line or leave it out`,
      facts,
      cause,
    )
  }
}
