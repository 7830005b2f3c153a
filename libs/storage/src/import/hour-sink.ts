import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { partitionOf } from '@ib-stream/model'
import { encodeTicksProto } from '../codec/proto.ts'
import { isMissing } from '../errors.ts'
import { type HouseBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { addToSealed } from '../parquet/add-to-sealed.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import type { HourKey } from './hour-spool.ts'
import { type ImportedHour, type ImportJob, OFFERS } from './import-hour.ts'
import { IMPORT_STATE } from './import-state.ts'
import { ManifestLines } from './manifest-lines.ts'
import type { HourFile } from './plan-hour.ts'

/** Where the files of an import go. */
export interface HourSink {
  put(key: HourKey, file: HourFile): Promise<ImportedHour>
  /** Makes durable what was put, with its manifest entries. */
  settle(): Promise<void>
}

/** Under the locks of all partitions: nobody changes anything meanwhile. */
export class LockedSink implements HourSink {
  readonly #disk: Disk
  readonly #dataDir: string
  readonly #checkLocks: () => Promise<void>
  readonly #manifests: ManifestLines
  readonly #unsyncedFolders = new Set<string>()

  constructor(disk: Disk, dataDir: string, checkLocks: () => Promise<void>) {
    this.#disk = disk
    this.#dataDir = dataDir
    this.#checkLocks = checkLocks
    this.#manifests = new ManifestLines(disk)
  }

  /** The whole file under another name, then its name: nobody ever sees half of it. What is there already is left alone. */
  async put(key: HourKey, file: HourFile): Promise<ImportedHour> {
    const disk = this.#disk
    if (file.backend === SEALED_BACKEND) {
      const ground = { disk, dataDir: this.#dataDir, checkLocks: this.#checkLocks }
      return { ticks: file.ticks, ...(await addToSealed(ground, key, file.added)) }
    }
    const { path, bytes, ticks } = file
    const made = { ticks, bytes: bytes.length }
    this.#manifests.add(path, bytes)
    if (await holds(join(this.#dataDir, path), bytes)) return made
    const temporary = `${IMPORT_STATE}/file.tmp`
    await disk.makeFolder(IMPORT_STATE)
    await disk.remove(temporary)
    await disk.write(temporary, bytes, 0)
    await disk.syncFile(temporary)
    await disk.makeFolder(foldersOf(path)[0] ?? '')
    await disk.rename(temporary, path)
    for (const folder of foldersOf(path)) this.#unsyncedFolders.add(folder)
    return made
  }

  async settle(): Promise<void> {
    for (const folder of await this.#manifests.write()) this.#unsyncedFolders.add(folder)
    for (const folder of this.#unsyncedFolders) await this.#disk.syncFolder(folder)
    this.#unsyncedFolders.clear()
  }
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await stat(path)).size === bytes.length && Buffer.compare(await readFile(path), bytes) === 0
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Has one partition's owner do it; answers when what he made is durable. */
export type AskForImport = (at: { backend: HouseBackend; partition: number }, job: ImportJob) => Promise<ImportedHour>

/** Beside running writers: each hour is made by the owner of its partition, who reads what it is to have from a file. */
export class OwnersSink implements HourSink {
  readonly #disk: Disk
  readonly #ask: AskForImport
  readonly #merge: boolean

  constructor(disk: Disk, { ask, merge }: { ask: AskForImport; merge: boolean }) {
    this.#disk = disk
    this.#ask = ask
    this.#merge = merge
  }

  async put(key: HourKey, { backend, offer: ticks }: HourFile): Promise<ImportedHour> {
    const { cid, tt, hourUs } = key
    const offer = `${OFFERS}/${backend}_${cid}_${tt}_${hourUs}.pb`
    await this.#disk.makeFolder(OFFERS)
    await this.#disk.remove(offer)
    await this.#disk.write(offer, encodeTicksProto(ticks), 0)
    try {
      return await this.#ask({ backend, partition: partitionOf(cid) }, { do: 'import', cid, tt, hourUs, offer, merge: this.#merge })
    } finally {
      await this.#disk.remove(offer)
    }
  }

  /** Owners have done so. */
  async settle(): Promise<void> {}
}
