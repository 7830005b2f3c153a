import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isoFromUs } from '@ib-stream/model'
import { isMissing, StorageError } from '../errors.ts'
import type { OwnBackend } from '../layout/backend.ts'
import { type Disk, foldersOf } from '../segment/disk.ts'
import type { Unit } from './find-units.ts'
import type { HourKey, HourSpool } from './hour-spool.ts'
import { addOrigins, type DoneUnit, IMPORT_STATE, readOrigins, writeDone } from './import-state.ts'
import { ManifestLines } from './manifest-lines.ts'
import { type HourPlan, planHour } from './plan-hour.ts'
import type { ImportFault, ImportReport } from './report.ts'

interface HourWriterOptions {
  spool: HourSpool
  report: ImportReport
  disk: Disk
  dataDir: string
  backends: readonly OwnBackend[]
  merge: boolean
  dryRun: boolean
  onFault(fault: ImportFault): void
}

/** Makes the files of hours whose ticks are together, and remembers units whose hours are all made. */
export class HourWriter {
  readonly #options: HourWriterOptions
  /** Units that have ticks in hours not made yet, or that were left out of one. */
  readonly #pending = new Map<Unit, { done: DoneUnit; hours: Set<HourKey>; leftOut: boolean }>()
  readonly #unsyncedFolders = new Set<string>()
  readonly #manifests: ManifestLines

  constructor(options: HourWriterOptions) {
    this.#options = options
    this.#manifests = new ManifestLines(options.disk)
  }

  /** A unit was read: it is done once these hours are made. */
  async expect(unit: Unit, done: DoneUnit, hours: Set<HourKey>): Promise<void> {
    this.#pending.set(unit, { done, hours, leftOut: false })
    await this.#rememberDone()
  }

  /** Makes the hours that begin before `beforeUs`; all of them where it is undefined. */
  async settle(beforeUs: number | undefined): Promise<void> {
    const { spool } = this.#options
    for (const key of spool.keys()) {
      if (beforeUs !== undefined && key.hourUs >= beforeUs) break
      const leftOut = await this.#make(key)
      await spool.drop(key)
      for (const unit of this.#pending.values()) if (unit.hours.delete(key) && leftOut) unit.leftOut = true
    }
    await this.#rememberDone()
  }

  /** @returns whether ticks were left out */
  async #make(key: HourKey): Promise<boolean> {
    const { spool, disk, dataDir, backends, merge, dryRun, report, onFault } = this.#options
    const folder = isoFromUs(key.hourUs).slice(0, 13).replace(/[-T]/g, '/')
    const spooled = await spool.read(key)
    const plan = await readable(planHour(dataDir, key, spooled, { backends, merge, origins: await readOrigins(disk, folder, key) }), () =>
      spooled.reduce((sum, { ticks }) => sum + ticks.length, 0),
    )
    if (plan.files.length > 0 && !dryRun) {
      await addOrigins(disk, folder, key, plan.forms)
      for (const file of plan.files) await this.#write(file)
    }
    for (const { backend, bytes, ticks } of plan.files) {
      report.written[backend].files += 1
      report.written[backend].bytes += bytes.length
      report.written[backend].ticks += ticks
    }
    report.added += plan.added
    for (const { ticks, reason } of plan.leftOut) {
      report.leftOut.hours += 1
      report.leftOut.ticks += ticks
      onFault({ path: `${folder}/${key.cid}_${key.tt}`, ticks, reason })
    }
    return plan.leftOut.length > 0
  }

  /** The whole file under another name, then its name: nobody ever sees half of it. What is there already is left alone. */
  async #write({ path, bytes }: HourPlan['files'][number]): Promise<void> {
    const { disk, dataDir } = this.#options
    this.#manifests.add(path, bytes)
    if (await holds(join(dataDir, path), bytes)) return
    const temporary = `${IMPORT_STATE}/file.tmp`
    await disk.makeFolder(IMPORT_STATE)
    await disk.remove(temporary)
    await disk.write(temporary, bytes, 0)
    await disk.syncFile(temporary)
    await disk.makeFolder(foldersOf(path)[0] ?? '')
    await disk.rename(temporary, path)
    for (const folder of foldersOf(path)) this.#unsyncedFolders.add(folder)
  }

  /** Manifests and names first, then the word that all is there. Units with ticks left out are read again next time, so that they are told again. */
  async #rememberDone(): Promise<void> {
    const finished = [...this.#pending].filter(([, { hours }]) => hours.size === 0)
    if (finished.length === 0) return
    const { disk, dryRun } = this.#options
    for (const folder of await this.#manifests.write()) this.#unsyncedFolders.add(folder)
    for (const folder of this.#unsyncedFolders) await disk.syncFolder(folder)
    this.#unsyncedFolders.clear()
    for (const [unit, { done, leftOut }] of finished) {
      this.#pending.delete(unit)
      if (!leftOut && !dryRun) await writeDone(disk, unit, done)
    }
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

/** Damage in what is there is no reason to stop, and none to write beside it. */
async function readable(plan: Promise<HourPlan>, ticks: () => number): Promise<HourPlan> {
  try {
    return await plan
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return { files: [], forms: [], added: 0, leftOut: [{ ticks: ticks(), reason: `a file of the hour cannot be read: ${error.message}` }] }
  }
}
