import { partitionOf, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, type Backend, extensionOf } from '../layout/backend.ts'
import { listDayFiles, listDays } from '../layout/list-days.ts'
import type { Segment } from '../layout/segment-path.ts'
import type { PartitionId } from '../layout/state-path.ts'
import { closesBefore } from '../segment/closed-files.ts'
import type { Disk } from '../segment/disk.ts'
import type { DamageFound } from '../verify/check-file.ts'
import { type DayFacts, readDayFacts } from '../verify/facts.ts'

export interface UnnamedQuery {
  dataDir: string
  /** Whose files may be missing. */
  backends: readonly Backend[]
  /** Default: all. */
  partitions?: readonly PartitionId[]
  startUs?: number
  endUs?: number
}

/**
 * Closed hours that another backend has recorded and of which a backend that follows the same log knows nothing: neither file nor manifest entry. `verify`, which
 * holds each backend to what it says itself, does not see that. Hours that retention took are known.
 */
export async function unnamedHours(disk: Disk, query: UnnamedQuery): Promise<DamageFound[]> {
  const { dataDir, backends, startUs = Number.NEGATIVE_INFINITY, endUs = Number.POSITIVE_INFINITY } = query
  const found: DamageFound[] = []
  for (const backend of backends) {
    const other = BACKENDS.find((each) => each !== backend)
    if (other === undefined) continue
    for (const dayUs of await listDays(dataDir, other)) {
      if (dayUs + US_PER_DAY > startUs && dayUs < endUs) found.push(...(await unnamedOfDay(disk, query, { backend, other, dayUs })))
    }
  }
  return found
}

interface Pair {
  backend: Backend
  other: Backend
  dayUs: number
}

async function unnamedOfDay(disk: Disk, { dataDir, partitions }: UnnamedQuery, { backend, other, dayUs }: Pair): Promise<DamageFound[]> {
  const recorded = (await listDayFiles(dataDir, other, dayUs)).filter(({ stampSeconds, hourUs }) => stampSeconds * US_PER_SECOND === hourUs)
  const found: DamageFound[] = []
  for (const [partition, segments] of Map.groupBy(recorded, ({ cid }) => partitionOf(cid))) {
    if (partitions && !partitions.includes(partition)) continue
    const own = await readDayFacts({ dataDir, backend, partition, dayUs })
    const theirs = await readDayFacts({ dataDir, backend: other, partition, dayUs })
    for (const segment of segments) {
      const path = `${backend}${segment.path.slice(other.length, -extensionOf(other).length)}${extensionOf(backend)}`
      const ticks = ticksOf(theirs, segment)
      if (ticks > 0 && isUnnamed(own, path) && (await disk.size(path)) === undefined)
        found.push({ path, kind: 'missing', detail: `no manifest names it, but ${segment.path} has ${ticks} ticks` })
    }
  }
  return found
}

/** In a closed file; 0 for any other. */
function ticksOf({ checkpoint, manifest }: DayFacts, { path }: Segment): number {
  const entry = manifest.entries.get(path)
  const isListed = checkpoint === 'unreadable' || (checkpoint !== undefined && path in checkpoint.files)
  return entry === undefined || entry.removedUs !== undefined || isListed ? 0 : entry.count
}

/** By a backend that has come past the hour. */
function isUnnamed({ checkpoint, manifest }: DayFacts, path: string): boolean {
  if (checkpoint === undefined || checkpoint === 'unreadable') return false
  return closesBefore(path, checkpoint.newestStUs) && !(path in checkpoint.files) && !manifest.entries.has(path)
}
