import type { Position } from './positions.ts'

export interface LogExtent {
  firstSeq: number
  lastSeq: number
  spoolId: string
}

/** `purge`: drop what is below `belowSeq`. `nothing`: all that is there is needed or young. `blocked`: it cannot be said what is needed. */
export type PurgePlan = { do: 'purge'; belowSeq: number } | { do: 'nothing' } | { do: 'blocked'; reason: string }

/**
 * What the log may drop: what every backend has for sure and what is older than the log is to keep. Its last message always stays, for a purge above
 * it would move the numbers on (tried on 2.10.27).
 * @param keepFromSeq first sequence that is young
 */
export function planPurge(log: LogExtent, positions: readonly Position[], keepFromSeq: number): PurgePlan {
  if (log.lastSeq < log.firstSeq) return { do: 'nothing' }
  const obstacle = positions.map((position) => obstacleIn(position, log)).find((reason) => reason !== undefined)
  if (obstacle !== undefined) return { do: 'blocked', reason: obstacle }
  const lowestSeq = Math.min(...positions.map(({ seq = 0 }) => seq))
  const belowSeq = Math.min(lowestSeq + 1, keepFromSeq, log.lastSeq)
  return belowSeq > log.firstSeq ? { do: 'purge', belowSeq } : { do: 'nothing' }
}

function obstacleIn({ backend, partition, seq, spoolId, problem }: Position, log: LogExtent): string | undefined {
  const name = `partition ${partition} of ${backend}`
  if (problem !== undefined) return `the checkpoint of ${name} cannot be read (${problem})`
  if (seq === undefined) return `${name} has no durable checkpoint yet; start writer of ${backend}, or take it out of IB_STREAM_BACKENDS`
  if (spoolId !== log.spoolId) return `${name} belongs to spool ${spoolId}, the log to ${log.spoolId}`
  if (seq > log.lastSeq) return `the log ends at ${log.lastSeq} but ${name} is at ${seq}: it lost its tail and must be refilled`
  return undefined
}

/** The position that holds the log back most. */
export const lowestOf = (positions: readonly Position[]): Position | undefined =>
  positions.reduce<Position | undefined>((low, one) => (low && (low.seq ?? 0) <= (one.seq ?? 0) ? low : one), undefined)
