import { publishOps } from '@ib-stream/bus'
import { type TickMessage, usFromMs } from '@ib-stream/model'
import { encodeTicksJson, findSeed, type PartitionStore, type SeedReport, seedPartition } from '@ib-stream/storage'
import { fillEvents } from './fill-events.ts'
import { readLogFloor } from './log-floor.ts'
import type { PartitionOptions } from './partition-writer.ts'

/** What the log no longer holds of a partition, above its store's position. */
export interface Hole {
  store: PartitionStore
  /** Commits; waits while the disk takes nothing. */
  commit: () => Promise<void>
  onSeeding: (reason: string) => void
}

const COMMIT_ABOVE_BYTES = 2 ** 20

/**
 * Fills the hole between a partition's position and the log's beginning from elsewhere: ticks from the files of the fullest other backend, recorder events from
 * the stream EVENTS. A new backend gets all that the other one has besides, imported files too. Killed on the way, the next owner goes on.
 * @returns the sequence up to which nothing is missing; the position itself is the caller's to move
 * @throws StorageError `IBS_STORAGE_REBUILD_WAITS` while the log cannot be read
 */
export async function fillHole(options: PartitionOptions, hole: Hole): Promise<number> {
  const { partition } = options
  return partition === 'events' ? await fillEvents(options, hole) : await fillTicks({ ...options, partition }, hole)
}

async function fillTicks(options: PartitionOptions & { partition: number }, { store, commit, onSeeding }: Hole): Promise<number> {
  const { dataDir, codec, partition, owner, signal } = options
  const { backend } = codec
  const seed = await findSeed(dataDir, { backend, partition, source: owner }, store.seq)
  if (seed === undefined) return store.seq
  const floor = await readLogFloor(options)
  const fromSeq = store.seq + 1
  const toSeq = Math.max(store.seq, Math.min(floor.seq, seed.seq))
  onSeeding(`from the files of ${seed.backend}, up to message ${toSeq}`)
  const report = await seedPartition({
    dataDir,
    partition,
    from: seed.backend,
    to: backend,
    floor,
    append: (path, ticks) => append(options, store, path, ticks),
    settle: async (closedStUs) => {
      store.fill(closedStUs)
      if (store.pendingBytes > COMMIT_ABOVE_BYTES) await commit()
    },
    signal,
  })
  if (report.ticks + report.different.length > 0) say(options, { from: seed.backend, fromSeq, toSeq, ...report })
  return toSeq
}

function append({ codec, onTicks }: PartitionOptions, store: PartitionStore, path: string, ticks: readonly TickMessage[]): void {
  codec.append({ write: (bytes) => store.append(path, bytes) }, { lines: Buffer.from(encodeTicksJson(ticks)), ticks })
  const [first] = ticks // of one file, so of one type
  if (first) onTicks(first.tt, ticks.length)
}

/** Nothing waits for it, for nothing depends on it. */
function say(
  { bus, codec, partition, signal }: PartitionOptions,
  seeded: { from: string; fromSeq: number; toSeq: number } & SeedReport,
): void {
  const { backend } = codec
  const event = { kind: 'seeded', st: usFromMs(Date.now()), service: `writer-${backend}`, backend, partition, ...seeded } as const
  void publishOps(bus, event, { id: `seeded.${backend}.${partition}.${seeded.toSeq}`, signal }).catch(() => undefined) // released
}
