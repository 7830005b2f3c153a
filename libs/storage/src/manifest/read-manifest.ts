import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { US_PER_DAY, usFromMs } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { dayOf, manifestFolder, manifestPath } from '../layout/manifest-path.ts'
import type { PartitionId } from '../layout/state-path.ts'
import { decodeManifestEntry, type ManifestEntry } from './manifest-entry.ts'

export interface Manifest {
  /** The newest entry of each file, by path. One with `removedUs` says that the file is gone on purpose. */
  entries: ReadonlyMap<string, ManifestEntry>
  /** Lines that cannot be read, where they begin; the other lines count. */
  damage: readonly ManifestDamage[]
}

export interface ManifestDamage {
  /** Of the manifest, relative to DATA_DIR. */
  path: string
  offsetBytes: number
  bytes: number
}

export interface ManifestQuery {
  dataDir: string
  backend: Backend
  partition: PartitionId
  /** Hours of `ts` wanted, [startUs, endUs) in µs UTC; one small file is read for each UTC day that they touch. */
  startUs: number
  endUs: number
}

/**
 * What the manifests say of the closed files of a range. An entry holds for the first `entry.bytes` bytes of its file, and for the whole file unless the checkpoint
 * lists it. For a consistent picture read between two readings of the same checkpoint, as the sizes of files are.
 * @param committed `files` of the checkpoint: a manifest that is listed counts to its committed length, another one whole
 */
export async function readManifests(query: ManifestQuery, committed: Readonly<Record<string, number>>): Promise<Manifest> {
  const entries = new Map<string, ManifestEntry>()
  const damage: ManifestDamage[] = []
  for (const dayUs of await daysOf(query)) {
    const path = manifestPath({ ...query, dayUs })
    const bytes = await bytesOf(join(query.dataDir, path))
    if (bytes === undefined) continue
    const day = decodeManifest(path, bytes.subarray(0, committed[path] ?? bytes.length))
    for (const [file, entry] of day.entries) entries.set(file, entry)
    damage.push(...day.damage)
  }
  return { entries, damage }
}

/** The UTC days of a range that may have a manifest, by their first µs. A range of decades costs one listing and not a look at each of its days. */
async function daysOf({ dataDir, backend, startUs, endUs }: ManifestQuery): Promise<number[]> {
  const firstUs = dayOf(startUs)
  if (endUs - firstUs <= LISTED_FROM_DAYS * US_PER_DAY)
    return Array.from({ length: Math.ceil((endUs - firstUs) / US_PER_DAY) }, (_, i) => firstUs + i * US_PER_DAY)
  return (await namesIn(join(dataDir, manifestFolder(backend))))
    .map((name) => usFromMs(Date.parse(`${name}T00:00:00Z`)))
    .filter((dayUs) => dayUs >= firstUs && dayUs < endUs)
    .sort((a, b) => a - b)
}

/** Up to a week its days are simply looked at, so that an hour costs the same in a tree of any size. */
const LISTED_FROM_DAYS = 7

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** What the bytes of one manifest file say. */
export function decodeManifest(path: string, bytes: Uint8Array): Manifest {
  const entries = new Map<string, ManifestEntry>()
  const damage: ManifestDamage[] = []
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf(10, start)
    const end = newline < 0 ? text.length : newline + 1
    const entry = newline < 0 ? undefined : decodeManifestEntry(text.toString('utf8', start, end))
    if (entry) entries.set(entry.path, entry)
    else damage.push({ path, offsetBytes: start, bytes: end - start })
    start = end
  }
  return { entries, damage }
}

async function bytesOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
