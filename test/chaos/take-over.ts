import type { Fault, WriterName } from './plan.ts'
import { type World, writerOf } from './world.ts'

export interface Change {
  writer: WriterName
  partition: string
  to: string
  atMs: number
}

export interface TakeOver {
  /** Who was killed. */
  writer: WriterName
  partition: string
  /** From the kill until another process (or the same program started again) is its owner: it has the lock and its files are whole, whether the log is as far as they are or not. */
  ms: number
  /** Of the kill, since the run began. */
  atMs: number
}

/**
 * How long each partition of a killed writer had no owner.
 * Where something else kept the backend from following meanwhile, that is measured and not this, so such kills are left out.
 */
export function takeOvers(
  world: World,
  kills: readonly { writer: WriterName; atMs: number }[],
  faults: readonly Fault[],
  startMs: number,
): TakeOver[] {
  const changes = readChanges(world)
  const alone = kills.filter((kill) => isAlone(kill, faults, startMs))
  return alone.flatMap((kill) => ofKill(kill, changes).map((one) => ({ ...one, writer: kill.writer, atMs: kill.atMs - startMs })))
}

/** `holding`: it waits until ingest has refilled a log that lost its tail, which is no matter of who owns the partition. */
const OWNED = ['following', 'holding']

export function ofKill(
  { writer, atMs }: { writer: WriterName; atMs: number },
  changes: readonly Change[],
): Pick<TakeOver, 'partition' | 'ms'>[] {
  const held = heldBy(writer, changes, atMs)
  return held.flatMap((partition) => {
    const next = changes.find(
      (change) =>
        change.partition === partition && writerOf(change.writer) === writerOf(writer) && OWNED.includes(change.to) && change.atMs > atMs,
    )
    return next ? [{ partition, ms: next.atMs - atMs }] : []
  })
}

/** A killed writer says of nothing that it is released; what another has taken since is not its own any more. */
function heldBy(writer: WriterName, changes: readonly Change[], atMs: number): string[] {
  const owners = new Map<string, WriterName>()
  for (const { partition, to, ...change } of changes) {
    if (change.atMs > atMs || writerOf(change.writer) !== writerOf(writer)) continue
    if (to !== 'released') owners.set(partition, change.writer)
    else if (owners.get(partition) === change.writer) owners.delete(partition)
  }
  return [...owners].filter(([, owner]) => owner === writer).map(([partition]) => partition)
}

const WITHIN_MS = 2_500

function isAlone(kill: { writer: WriterName; atMs: number }, faults: readonly Fault[], startMs: number): boolean {
  const at = kill.atMs - startMs
  return !faults.some((fault) => {
    const concerns =
      fault.target === 'nats' ||
      fault.target === 'dataDisk' ||
      (fault.target.startsWith(writerOf(kill.writer)) && !fault.target.startsWith(kill.writer))
    // A lost link is noticed, and mended, some seconds later than it begins and ends.
    return concerns && fault.atMs < at + WITHIN_MS && fault.atMs + fault.ms + fault.amount + 8_000 > at
  })
}

function readChanges(world: World): Change[] {
  const changes: Change[] = []
  for (const [writer, program] of world.writers) {
    for (const { msg, partition, to, time } of program.log)
      if (msg === 'partition changed state')
        changes.push({ writer, partition: String(partition), to: String(to), atMs: Date.parse(String(time)) })
  }
  return changes.sort((a, b) => a.atMs - b.atMs)
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]
}
