import type { Backend } from '../layout/backend.ts'
import { manifestPath } from '../layout/manifest-path.ts'
import { type PartitionId, statePaths } from '../layout/state-path.ts'
import { decodeManifestEntry, encodeManifestEntry, type ManifestEntry } from '../manifest/manifest-entry.ts'
import { decodeManifest } from '../manifest/read-manifest.ts'
import { bootId } from '../segment/boot-id.ts'
import { readCheckpoints } from '../segment/checkpoint.ts'
import type { Disk } from '../segment/disk.ts'
import { openCheckpoints } from '../segment/open-checkpoints.ts'
import { allBytes, sumOf } from './content.ts'
import { type ReplaceGround, replaceFile } from './replace-file.ts'

export interface ManifestDay {
  backend: Backend
  partition: PartitionId
  dayUs: number
}

/**
 * Gives a manifest entries and takes the lines out that cannot be read. It is replaced as a whole, so it is never half written.
 * @returns where the old one is kept
 * @throws StorageError what `recover` throws where a writer died at this manifest; it is left as it was then
 */
export async function mendManifest(
  ground: ReplaceGround,
  day: ManifestDay,
  entries: readonly ManifestEntry[],
): Promise<string | undefined> {
  const path = manifestPath(day)
  await unlistManifest(ground, day, path)
  const bytes = await bytesOf(ground.disk, path)
  const known = decodeManifest(path, bytes).entries
  const fresh = entries.map(encodeManifestEntry).filter((line, i) => {
    const before = known.get(entries[i]?.path ?? '')
    return before === undefined || encodeManifestEntry(before) !== line
  })
  const after = Buffer.concat([...readableLines(bytes), ...fresh.map((line) => Buffer.from(line))])
  if (after.equals(bytes)) return undefined
  const content = async function* () {
    yield after
  }
  return replaceFile(ground, day.backend, path, { content, sum: await sumOf(content) })
}

async function bytesOf(disk: Disk, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of allBytes(disk, path)()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function readableLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(10) + 1; end > 0; end = bytes.indexOf(10, start) + 1) {
    const line = bytes.subarray(start, end)
    if (decodeManifestEntry(line.toString('utf8'))) lines.push(line)
    start = end
  }
  return lines
}

/**
 * A manifest that a checkpoint lists counts to its committed length, and the next owner would cut it there. So the partition is recovered as its next owner
 * would, and a checkpoint without this manifest is saved: with it the manifest counts whole.
 */
export async function unlistManifest(
  ground: ReplaceGround,
  { backend, partition }: Omit<ManifestDay, 'dayUs'>,
  manifest: string,
): Promise<void> {
  const { disk } = ground
  const paths = statePaths(backend, partition)
  const texts = { visible: await disk.readText(paths.visible), durable: await disk.readText(paths.durable) }
  const { counts } = readCheckpoints(texts, bootId(), paths.durable)
  if (counts === undefined || !(manifest in counts.files)) return
  const checkpoints = await openCheckpoints(ground, { backend, partition })
  if (checkpoints === undefined) return
  const { [manifest]: _, ...files } = checkpoints.committed.files
  await checkpoints.saveDurable({ ...checkpoints.committed, files })
  await checkpoints.saveVisible(checkpoints.committed)
}
