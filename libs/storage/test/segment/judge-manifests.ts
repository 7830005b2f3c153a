import { expect } from '@jest/globals'
import { parseManifestPath } from '../../src/layout/manifest-path.ts'
import { parseSegmentPath } from '../../src/layout/segment-path.ts'
import { crc32c } from '../../src/manifest/crc32c.ts'
import type { ManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { decodeManifest } from '../../src/manifest/read-manifest.ts'
import { readCheckpoints } from '../../src/segment/checkpoint.ts'
import type { MemoryDisk } from './memory-disk.ts'

/** Holds what is on a disk to what its manifests say, as `ib-stream verify` does: every entry fits its file, and every file that is not listed has one. */
export async function judgeManifests(disk: MemoryDisk, bootId: string, durablePath: string): Promise<number> {
  const texts = { visible: await disk.readText(durablePath.replace('durable', 'visible')), durable: await disk.readText(durablePath) }
  const listed = readCheckpoints(texts, bootId, durablePath).counts?.files ?? {}
  const entries = new Map<string, ManifestEntry>()
  for (const path of disk.paths().filter(parseManifestPath)) {
    const bytes = disk.bytesOf(path) ?? new Uint8Array(0)
    const manifest = decodeManifest(path, bytes.subarray(0, listed[path] ?? bytes.length))
    expect(manifest.damage).toEqual([])
    for (const [file, entry] of manifest.entries) entries.set(file, entry)
  }
  for (const { path, bytes, crc32c: sum, removedUs } of entries.values()) {
    const found = disk.bytesOf(path) ?? new Uint8Array(0)
    if (removedUs !== undefined) {
      if (!(path in listed)) expect({ path, bytes: found.length }).toEqual({ path, bytes: 0 })
      continue
    }
    expect({ path, sum: crc32c(found.subarray(0, bytes)) }).toEqual({ path, sum })
    if (!(path in listed)) expect({ path, bytes: found.length }).toEqual({ path, bytes })
  }
  const missing = disk
    .paths()
    .filter((path) => parseSegmentPath(path) && !(path in listed) && !entries.has(path) && disk.bytesOf(path)?.length)
  expect(missing).toEqual([])
  return entries.size
}
