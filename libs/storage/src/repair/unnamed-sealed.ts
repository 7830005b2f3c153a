import { partitionOf, US_PER_SECOND } from '@ib-stream/model'
import { BACKENDS, type OwnBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { listDayFiles, listDays } from '../layout/list-days.ts'
import { dayOf } from '../layout/manifest-path.ts'
import { listSealedFiles, sealedHourPath } from '../layout/sealed-path.ts'
import { type Segment, segmentPath } from '../layout/segment-path.ts'
import type { Checkpoint } from '../segment/checkpoint.ts'
import { closesBefore } from '../segment/closed-files.ts'
import type { DamageFound } from '../verify/check-file.ts'
import { type DayFacts, readDayFacts } from '../verify/facts.ts'
import type { UnnamedQuery } from './unnamed-hours.ts'

/**
 * Hours that open files have recorded and closed, and of which the archive, which has come past them in the same log, has neither a sealed file nor rows. Nothing is ever taken
 * out of the archive, so somebody moved them away. `verify` cannot see that. An hour that its day's file leaves out is not among them.
 */
export async function unnamedSealed(query: Omit<UnnamedQuery, 'backends'>): Promise<DamageFound[]> {
  const { dataDir, startUs = Number.NEGATIVE_INFINITY, endUs = Number.POSITIVE_INFINITY } = query
  const found = new Map<string, DamageFound>()
  for (const other of BACKENDS) {
    for (const dayUs of await listDays(dataDir, other)) {
      if (dayUs >= endUs || dayOf(startUs) > dayUs) continue
      for (const damage of await unnamedOfDay(query, other, dayUs)) if (!found.has(damage.path)) found.set(damage.path, damage)
    }
  }
  return [...found.values()]
}

async function unnamedOfDay(
  { dataDir, partitions }: Pick<UnnamedQuery, 'dataDir' | 'partitions'>,
  other: OwnBackend,
  dayUs: number,
): Promise<DamageFound[]> {
  const recorded = (await listDayFiles(dataDir, other, dayUs)).filter(({ stampSeconds, hourUs }) => stampSeconds * US_PER_SECOND === hourUs)
  const found: DamageFound[] = []
  for (const [partition, segments] of Map.groupBy(recorded, ({ cid }) => partitionOf(cid))) {
    if (partitions && !partitions.includes(partition)) continue
    const { checkpoint: archive } = await readDayFacts({ dataDir, backend: SEALED_BACKEND, partition, dayUs })
    if (archive === undefined || archive === 'unreadable') continue
    const theirs = await readDayFacts({ dataDir, backend: other, partition, dayUs })
    for (const segment of segments) {
      if (!isClosedThere(theirs, segment) || !(await isUnnamed(dataDir, archive, segment))) continue
      const { cid, tt, hourUs } = segment
      const path = sealedHourPath({ cid, tt, dayUs }, hourUs)
      found.push({ path, kind: 'missing', detail: `the archive has nothing of the hour, but ${segment.path} has` })
    }
  }
  return found
}

function isClosedThere({ checkpoint, manifest }: DayFacts, { path }: Segment): boolean {
  const entry = manifest.entries.get(path)
  const isListed = checkpoint === undefined || checkpoint === 'unreadable' || path in checkpoint.files
  return !isListed && entry !== undefined && entry.removedUs === undefined && entry.count > 0
}

async function isUnnamed(dataDir: string, archive: Checkpoint, { cid, tt, hourUs }: Segment): Promise<boolean> {
  const rows = segmentPath({ backend: SEALED_BACKEND, cid, tt, hourUs })
  if (rows in archive.files || !closesBefore(rows, archive.newestStUs)) return false
  const files = await listSealedFiles(dataDir, { cid, tt, dayUs: dayOf(hourUs) })
  return !files.some((file) => file.hourUs === undefined || file.hourUs === hourUs)
}
