import { partitionOf } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import type { Backend } from '../layout/backend.ts'
import { dayOf, manifestPath } from '../layout/manifest-path.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { encodeManifestEntry } from '../manifest/manifest-entry.ts'
import { decodeManifest } from '../manifest/read-manifest.ts'
import { EMPTY_TALLY, extendTally } from '../manifest/tally.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import { mendTail } from '../segment/torn-tail.ts'

const FROM_NO_LOG = { firstSeq: 0, lastSeq: 0 }

/** Manifest entries of files that were made, until they are written. Whoever calls holds the locks of the partitions. */
export class ManifestLines {
  readonly #disk: Disk
  /** By manifest, then by file. */
  readonly #waiting = new Map<string, { backend: Backend; lines: Map<string, string> }>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /**
   * @param path of a closed file of ticks that holds exactly `bytes`
   * @returns the manifest that will say so
   */
  add(path: string, bytes: Uint8Array): string {
    const segment = parseSegmentPath(path)
    if (segment === undefined)
      throw new StorageError('IBS_STORAGE_PATH_INVALID', `${path} is no file of ticks; make paths with segmentPath`, { path })
    const { backend, cid, hourUs } = segment
    const manifest = manifestPath({ backend, partition: partitionOf(cid), dayUs: dayOf(hourUs) })
    const waiting = this.#waiting.get(manifest) ?? { backend, lines: new Map<string, string>() }
    waiting.lines.set(path, encodeManifestEntry({ path, ...extendTally(EMPTY_TALLY, path, bytes, FROM_NO_LOG) }))
    this.#waiting.set(manifest, waiting)
    return manifest
  }

  /** Writes and syncs what no manifest says yet. @returns the folders whose names are to be synced */
  async write(): Promise<string[]> {
    const folders: string[] = []
    for (const [manifest, { backend, lines }] of this.#waiting) {
      const known = decodeManifest(manifest, Buffer.from((await this.#disk.readText(manifest)) ?? '')).entries
      const fresh = [...lines].filter(([path, line]) => {
        const entry = known.get(path)
        return entry === undefined || encodeManifestEntry(entry) !== line
      })
      if (fresh.length === 0) continue
      await this.#append(manifest, backend, fresh.map(([, line]) => line).join(''))
      folders.push(...foldersOf(manifest))
    }
    this.#waiting.clear()
    return folders
  }

  async #append(manifest: string, backend: Backend, text: string): Promise<void> {
    await this.#disk.makeFolder(foldersOf(manifest)[0] ?? '')
    const size = (await this.#disk.size(manifest)) ?? 0
    const wholeBytes = await mendTail({ disk: this.#disk, backend }, manifest, size)
    if (wholeBytes < size) await this.#disk.truncate(manifest, wholeBytes)
    await this.#disk.write(manifest, Buffer.from(text), wholeBytes)
    await this.#disk.syncFile(manifest)
  }
}
