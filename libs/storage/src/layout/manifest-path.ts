import { isoFromUs, US_PER_DAY, usFromMs } from '@ib-stream/model'
import { type Backend, isBackend } from './backend.ts'
import { type PartitionId, partitionName, partitionOfName } from './state-path.ts'

/** Manifest of the closed files of one UTC day of `ts` in one partition, relative to DATA_DIR. A file a day: what a query of an hour reads is the same in a tree of a day and of ten years. */
export function manifestPath(m: { backend: Backend; partition: PartitionId; dayUs: number }): string {
  return `${manifestFolder(m.backend)}/${isoFromUs(m.dayUs).slice(0, 10)}/${partitionName(m.partition)}.jsonl`
}

export const manifestFolder = (backend: Backend): string => `.state/${backend}/manifest`

const MANIFEST = /^\.state\/(\w+)\/manifest\/(\d{4}-\d\d-\d\d)\/(\w+)\.jsonl$/

/** What a manifest's path says, or undefined where it is none. `dayUs` is the first µs of its day. */
export function parseManifestPath(path: string): { backend: Backend; partition: PartitionId; dayUs: number } | undefined {
  const [, backend, day, name = ''] = MANIFEST.exec(path) ?? []
  const partition = partitionOfName(name)
  const dayUs = usFromMs(Date.parse(`${day}T00:00:00Z`))
  if (!isBackend(backend) || partition === undefined || Number.isNaN(dayUs)) return undefined
  return manifestPath({ backend, partition, dayUs }) === path ? { backend, partition, dayUs } : undefined
}

/** First µs of the UTC day that holds `us`. */
export const dayOf = (us: number): number => Math.floor(us / US_PER_DAY) * US_PER_DAY
