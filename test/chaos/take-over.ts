import type { Fault, WriterName } from './plan.ts'
import { type World, writerOf } from './world.ts'

interface Change {
  writer: WriterName
  partition: string
  to: string
  atMs: number
}

/**
 * How long each partition of a killed writer had no owner: from the kill until another process (or the same program started again) follows the log, ms.
 * Where something else kept the backend from following meanwhile, that is measured and not this, so such kills are left out.
 */
export function takeOvers(
  world: World,
  kills: readonly { writer: WriterName; atMs: number }[],
  faults: readonly Fault[],
  startMs: number,
): number[] {
  const changes = readChanges(world)
  return kills.filter((kill) => isAlone(kill, faults, startMs)).flatMap((kill) => ofKill(kill, changes))
}

function ofKill({ writer, atMs }: { writer: WriterName; atMs: number }, changes: readonly Change[]): number[] {
  const before = new Map<string, string>()
  for (const change of changes) if (change.writer === writer && change.atMs <= atMs) before.set(change.partition, change.to)
  const held = [...before].filter(([, state]) => state !== 'released').map(([partition]) => partition)
  return held.flatMap((partition) => {
    const next = changes.find(
      (change) =>
        change.partition === partition && writerOf(change.writer) === writerOf(writer) && change.to === 'following' && change.atMs > atMs,
    )
    return next ? [next.atMs - atMs] : []
  })
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
