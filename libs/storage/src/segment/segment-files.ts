import type { Backend } from '../layout/backend.ts'
import { dayOf, manifestPath, parseManifestPath } from '../layout/manifest-path.ts'
import { endOfFileUs } from '../layout/segment-path.ts'
import type { PartitionId } from '../layout/state-path.ts'
import { encodeManifestEntry, type ManifestEntry, removedTicks } from '../manifest/manifest-entry.ts'
import { decodeManifest } from '../manifest/read-manifest.ts'
import { EMPTY_TALLY, extendTally, type Tally } from '../manifest/tally.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { CheckpointFiles } from './checkpoint-files.ts'
import { isRows } from './closed-files.ts'
import { type Disk, foldersOf } from './disk.ts'
import type { Cut, FileWrite } from './pending-bytes.ts'
import { checkpointAhead } from './recover.ts'
import { removeNames } from './remove-names.ts'
import { scanFile } from './scan-file.ts'
import { mendTail, type TornTail } from './torn-tail.ts'

export interface SegmentFilesGround {
  disk: Disk
  backend: Backend
  partition: PartitionId
  onTornTail?: ((torn: TornTail) => void) | undefined
}

/** A partition's files as commits change them: listed before their first new byte, written at their committed length, in the manifest when their hour closes. */
export class SegmentFiles {
  readonly #ground: SegmentFilesGround
  readonly #checkpoints: CheckpointFiles

  constructor(ground: SegmentFilesGround, checkpoints: CheckpointFiles) {
    this.#ground = ground
    this.#checkpoints = checkpoints
  }

  /**
   * Writes a cut, and the manifest entries of files that close with it, and lets `save` name the new state. Until that is done the committed state stays what
   * it was. Closed files are not in `next` any more, nor are their manifests: with this checkpoint they count whole.
   */
  async commit(cut: Cut, closing: readonly string[], save: (next: Checkpoint) => Promise<void>): Promise<void> {
    await this.#knowTallies([...cut.writes.map(({ path }) => path), ...closing])
    const writes = [...cut.writes, ...this.#manifestWrites(closing)]
    const fresh = writes.map(({ path }) => path).filter((path) => !(path in this.#committed.files))
    if (fresh.length > 0) await this.#list(fresh)
    for (const { path, bytes } of writes) await this.#write(path, bytes)
    const closed = new Set([...closing, ...writes.map(({ path }) => path).filter(parseManifestPath)])
    await save(without(this.#after(cut, writes), closed))
  }

  /** After a failed commit no byte of these files and their manifests stays that no checkpoint names. Where even this fails, the next write cuts. */
  async cutBack(paths: readonly string[]): Promise<void> {
    const written = new Set([...paths, ...paths.map((path) => this.#manifestOf(path))].filter((path) => path in this.#committed.files))
    await Promise.allSettled([...written].map((path) => this.#cutToCommitted(path)))
  }

  /**
   * Takes closed files away. Their manifests say so first, and the durable checkpoint that makes this count names them as `removing`, so that from one moment on
   * every reader knows and every next owner goes on; only then their names go, for good, and then the checkpoint forgets them.
   * @returns what is removed: entries that still hold, of files that are not listed
   */
  async remove(entries: readonly ManifestEntry[], removedUs: number): Promise<ManifestEntry[]> {
    const wanted: ManifestEntry[] = []
    for (const entry of entries) if (!(entry.path in this.#committed.files) && (await this.#holds(entry))) wanted.push(entry)
    const paths = wanted.map(({ path }) => path)
    if (paths.length === 0 && this.#committed.removing.length === 0) return []
    try {
      const notes = this.#manifestLines(wanted.map((entry) => ({ ...entry, removedUs })))
      if (notes.length > 0) await this.#saveDurably(notes, (next) => ({ ...next, removing: [...next.removing, ...paths] }))
    } catch (error) {
      await this.cutBack(paths)
      throw error
    }
    const left = await removeNames(this.#ground.disk, this.#checkpoints.visiblePath, this.#committed.removing)
    await this.#checkpoints.saveDurable({ ...this.#committed, removing: left })
    await this.#checkpoints.saveVisible(this.#committed)
    return wanted
  }

  /**
   * Rows are in sealed files now, whose names are durable: with this checkpoint they count no more, and only then they go. Without rows it is a new checkpoint all the
   * same, by which readers see that something changed.
   */
  async forgetRows(paths: readonly string[]): Promise<void> {
    const listed = paths.filter((path) => path in this.#committed.files)
    const next = without(this.#committed, new Set(listed))
    await this.#checkpoints.saveDurable({ ...next, removing: [...next.removing, ...listed] })
    await this.#checkpoints.saveVisible(this.#committed)
    if (listed.length === 0) return
    const left = await removeNames(this.#ground.disk, this.#checkpoints.visiblePath, this.#committed.removing)
    await this.#checkpoints.saveDurable({ ...this.#committed, removing: left })
    await this.#checkpoints.saveVisible(this.#committed)
  }

  async #saveDurably(notes: readonly FileWrite[], change: (next: Checkpoint) => Checkpoint): Promise<void> {
    const manifests = new Set(notes.map(({ path }) => path))
    const fresh = [...manifests].filter((path) => !(path in this.#committed.files))
    if (fresh.length > 0) await this.#list(fresh)
    for (const { path, bytes } of notes) await this.#write(path, bytes)
    await this.#checkpoints.saveDurable(change(without(this.#committed, manifests)))
  }

  /** True where the manifest says this and nothing newer of the file. */
  async #holds(entry: ManifestEntry): Promise<boolean> {
    const known = await this.#entryOf(entry.path)
    return known !== undefined && known.removedUs === undefined && encodeManifestEntry(known) === encodeManifestEntry(entry)
  }

  get #committed(): Checkpoint {
    return this.#checkpoints.committed
  }

  /** Files that the first version listed have no tally yet. */
  async #knowTallies(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const { files, tallies } = this.#committed
      const bytes = files[path]
      if (bytes === undefined || path in tallies || parseManifestPath(path)) continue
      const { tally } = await scanFile(this.#ground.disk, path, bytes)
      this.#checkpoints.committed = { ...this.#committed, tallies: { ...tallies, [path]: tally } }
    }
  }

  #manifestWrites(closing: readonly string[]): FileWrite[] {
    return this.#manifestLines(
      closing.flatMap((path) => {
        const tally = this.#committed.tallies[path]
        return tally === undefined || tally.bytes === 0 ? [] : { path, ...tally } // a manifest; or listed for bytes that then never came
      }),
    )
  }

  #manifestLines(entries: readonly ManifestEntry[]): FileWrite[] {
    const lines = new Map<string, string>()
    for (const entry of entries) {
      const manifest = this.#manifestOf(entry.path)
      lines.set(manifest, `${lines.get(manifest) ?? ''}${encodeManifestEntry(entry)}`)
    }
    return [...lines].map(([path, text]) => ({ path, bytes: Buffer.from(text), firstSeq: 0, lastSeq: 0 }))
  }

  #manifestOf(path: string): string {
    return manifestPath({ ...this.#ground, dayUs: dayOf((endOfFileUs(path) ?? 1) - 1) })
  }

  #after(cut: Cut, writes: readonly FileWrite[]): Checkpoint {
    const files = { ...this.#committed.files }
    const tallies = { ...this.#committed.tallies }
    for (const write of writes) {
      const { path, bytes } = write
      files[path] = (files[path] ?? 0) + bytes.length
      if (!parseManifestPath(path)) tallies[path] = extendTally(tallies[path] ?? EMPTY_TALLY, path, bytes, write)
    }
    return { ...this.#committed, seq: cut.seq, newestStUs: cut.newestStUs, files, tallies }
  }

  /** A file is listed, durably, before its first new byte: else a crash would leave bytes that nobody cuts off, and a power cut after the next commit too. */
  async #list(paths: readonly string[]): Promise<void> {
    const files = { ...this.#committed.files }
    const tallies = { ...this.#committed.tallies }
    for (const path of paths) {
      const { bytes, tally } = await this.#found(path)
      files[path] = bytes
      if (tally) tallies[path] = tally
      if (bytes === 0) continue
      this.#checkpoints.unsyncedFiles.add(path) // who wrote it last may have been a copy or an import
      for (const folder of foldersOf(path)) this.#checkpoints.unsyncedFolders.add(folder)
    }
    const removing = this.#committed.removing.filter((path) => !paths.includes(path))
    await this.#checkpoints.saveDurable({ ...this.#committed, files, tallies, removing })
    await this.#checkpoints.saveVisible(this.#committed)
  }

  /**
   * How much of a file there is to go on from. Where its manifest entry fits, the entry is where the tally goes on, unread. Where it does not fit the file is
   * damaged; the tally still goes on from the entry, so that the damage goes on to show and the bytes can still be restored exactly.
   */
  async #found(path: string): Promise<{ bytes: number; tally?: Tally }> {
    const { disk } = this.#ground
    if (isRows(path)) return this.#foundSealed(path)
    const bytes = (await disk.size(path)) ?? 0
    if (parseManifestPath(path)) return { bytes: await mendTail(this.#ground, path, bytes) }
    const known = await this.#entryOf(path)
    if (known?.removedUs !== undefined) return this.#foundRemoved(path, known)
    if (bytes === 0 || bytes === known?.bytes) return { bytes, tally: known ? tallyOf(known) : EMPTY_TALLY }
    const wholeBytes = await mendTail(this.#ground, path, bytes)
    return { bytes: wholeBytes, tally: known ? tallyOf(known) : (await scanFile(disk, path, wholeBytes)).tally }
  }

  /** Rows that nobody listed are in a sealed file, or no message that counts brought them: late ones begin anew. */
  async #foundSealed(path: string): Promise<{ bytes: number; tally: Tally }> {
    await this.#removeLeftover(path)
    return { bytes: 0, tally: EMPTY_TALLY }
  }

  async #removeLeftover(path: string): Promise<void> {
    if ((await this.#ground.disk.size(path)) === undefined) return
    await this.#ground.disk.remove(path)
    for (const folder of foldersOf(path)) this.#checkpoints.unsyncedFolders.add(folder)
  }

  /** Retention took the file away and its name may have outlived that: late ticks begin it anew, and it says that it is not all of its hour. */
  async #foundRemoved(path: string, entry: ManifestEntry): Promise<{ bytes: number; tally: Tally }> {
    await this.#removeLeftover(path)
    return { bytes: 0, tally: { ...EMPTY_TALLY, removedCount: removedTicks(entry) } }
  }

  async #entryOf(path: string): Promise<ManifestEntry | undefined> {
    const manifest = this.#manifestOf(path)
    const text = await this.#ground.disk.readText(manifest)
    if (text === undefined) return undefined
    const bytes = Buffer.from(text)
    return decodeManifest(manifest, bytes.subarray(0, this.#committed.files[manifest] ?? bytes.length)).entries.get(path)
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#cutToCommitted(path)
    await this.#makeFolderOf(path)
    await this.#ground.disk.write(path, bytes, this.#committed.files[path] ?? 0)
    this.#checkpoints.unsyncedFiles.add(path)
  }

  async #makeFolderOf(path: string): Promise<void> {
    if ((this.#committed.files[path] ?? 0) > 0) return
    const folders = foldersOf(path)
    await this.#ground.disk.makeFolder(folders[0] ?? '')
    for (const folder of folders) this.#checkpoints.unsyncedFolders.add(folder)
  }

  async #cutToCommitted(path: string): Promise<void> {
    const { disk } = this.#ground
    const committedBytes = this.#committed.files[path] ?? 0
    const fileBytes = (await disk.size(path)) ?? 0
    if (fileBytes < committedBytes) throw checkpointAhead(path, fileBytes, committedBytes)
    if (fileBytes > committedBytes) await disk.truncate(path, committedBytes)
  }
}

function tallyOf({ path: _path, removedUs: _removedUs, ...tally }: ManifestEntry): Tally {
  return tally
}

function without(next: Checkpoint, paths: ReadonlySet<string>): Checkpoint {
  const left = <Value>(values: Record<string, Value>) => Object.fromEntries(Object.entries(values).filter(([path]) => !paths.has(path)))
  return { ...next, files: left(next.files), tallies: left(next.tallies) }
}
