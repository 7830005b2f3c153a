import { type Bus, pause, publishOps, readLog } from '@ib-stream/bus'
import { msFromUs, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { OwnerWatch, type PartitionId } from '@ib-stream/storage'
import type { WriterOptions } from './writer.ts'

/** A partition whose lock is held by another process while its checkpoint stands still below the log's end. */
export interface StaleOwner {
  partition: PartitionId
  seq: number
  logSeq: number
  staleSeconds: number
}

const LOOK_EVERY_MS = 1_000
/** Commits are due every `checkpointVisibleMs` with ticks and every `checkpointDurableMs` without; this many of the latter may be missed on a busy machine. */
const MISSED_COMMITS = 2
const LEAST_STALE_MS = 5_000
const MS_PER_SECOND = msFromUs(US_PER_SECOND)

interface Watched {
  /** Partitions that this process does not hold, as they are at each look. */
  partitions: () => readonly PartitionId[]
  /** Kept up to date here. */
  stale: Map<PartitionId, StaleOwner>
}

/** Looks at the partitions of other replicas until it is stopped. A frozen owner keeps its locks, so nobody may take over: it must be seen. */
export function watchOwners(options: WriterOptions, watched: Watched): { stop(): Promise<void> } {
  const stop = new AbortController()
  const ended = look(options, watched, stop.signal).catch(() => watched.stale.clear()) // it ends only by being stopped
  return {
    stop: () => {
      stop.abort(new Error('the watch ends'))
      return ended
    },
  }
}

async function look(options: WriterOptions, { partitions, stale }: Watched, signal: AbortSignal): Promise<void> {
  const { bus, dataDir, codec, checkpointDurableMs } = options
  const staleAfterMs = Math.max(LEAST_STALE_MS, MISSED_COMMITS * checkpointDurableMs)
  const watch = new OwnerWatch(dataDir, codec.backend)
  for (;;) {
    await pause(LOOK_EVERY_MS, signal)
    const logSeq = await lastSeq(bus)
    if (logSeq === undefined) continue
    for (const { partition, seq = 0, stillMs, locked } of await watch.look(partitions(), logSeq)) {
      const owner = { partition, seq, logSeq, staleSeconds: Math.round(stillMs / MS_PER_SECOND) }
      if (locked && stillMs >= staleAfterMs) {
        if (!stale.has(partition)) say(options, owner, signal)
        stale.set(partition, owner)
      } else if (stale.delete(partition)) options.onStaleOwner?.(owner, 'moves')
    }
    for (const partition of stale.keys()) if (!partitions().includes(partition)) stale.delete(partition)
  }
}

const lastSeq = async (bus: Bus): Promise<number | undefined> => (await readLog(bus.manager).catch(() => undefined))?.lastSeq

function say(options: WriterOptions, owner: StaleOwner, signal: AbortSignal): void {
  options.onStaleOwner?.(owner, 'stale')
  const { backend } = options.codec
  const event = { kind: 'owner_stale', st: usFromMs(Date.now()), service: `writer-${backend}`, backend, ...owner } as const
  // Every replica sees it; the id lets the stream keep it once.
  void publishOps(options.bus, event, { id: `owner_stale.${backend}.${owner.partition}.${owner.seq}`, signal }).catch(() => undefined) // stopped
}
