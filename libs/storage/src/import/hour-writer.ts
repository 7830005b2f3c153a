import { isoFromUs } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { type HouseBackend, SEALED_BACKEND } from '../layout/backend.ts'
import { encodeSealed, LEVEL } from '../parquet/seal-columns.ts'
import type { Disk } from '../segment/disk.ts'
import type { Unit } from './find-units.ts'
import type { HourSink } from './hour-sink.ts'
import type { HourKey, HourSpool } from './hour-spool.ts'
import { addOrigins, type DoneUnit, readOrigins, writeDone } from './import-state.ts'
import { type HourFile, type HourPlan, planHour } from './plan-hour.ts'
import type { ImportFault, ImportReport } from './report.ts'

interface HourWriterOptions {
  spool: HourSpool
  report: ImportReport
  disk: Disk
  sink: HourSink
  dataDir: string
  backends: readonly HouseBackend[]
  merge: boolean
  dryRun: boolean
  onFault(fault: ImportFault): void
}

/** Makes the files of hours whose ticks are together, and remembers units whose hours are all made. */
export class HourWriter {
  readonly #options: HourWriterOptions
  /** Units that have ticks in hours not made yet, or that were left out of one. */
  readonly #pending = new Map<Unit, { done: DoneUnit; hours: Set<HourKey>; leftOut: boolean }>()

  constructor(options: HourWriterOptions) {
    this.#options = options
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
    const { spool, disk, sink, dataDir, backends, merge, dryRun, report, onFault } = this.#options
    const folder = isoFromUs(key.hourUs).slice(0, 13).replace(/[-T]/g, '/')
    const spooled = await spool.read(key)
    const plan = await readable(planHour(dataDir, key, spooled, { backends, merge, origins: await readOrigins(disk, folder, key) }), () =>
      spooled.reduce((sum, { ticks }) => sum + ticks.length, 0),
    )
    if (plan.files.length > 0 && !dryRun) {
      await addOrigins(disk, folder, key, plan.forms)
    }
    const leftOut = [...plan.leftOut]
    for (const file of plan.files) {
      const { backend } = file
      const made = dryRun ? { bytes: await bytesOf(key, file), ticks: file.ticks } : await sink.put(key, file)
      if ('leftOut' in made) leftOut.push({ ticks: file.ticks, reason: `${backend}: ${made.leftOut}` })
      else if (made.ticks > 0) {
        report.written[backend].files += 1
        report.written[backend].bytes += made.bytes
        report.written[backend].ticks += made.ticks
      }
    }
    if (leftOut.length === plan.leftOut.length) report.added += plan.added
    for (const { ticks, reason } of leftOut) {
      report.leftOut.hours += 1
      report.leftOut.ticks += ticks
      onFault({ path: `${folder}/${key.cid}_${key.tt}`, ticks, reason })
    }
    return leftOut.length > 0
  }

  /** Files first, then the word that all is there. Units with ticks left out are read again next time, so that they are told again. */
  async #rememberDone(): Promise<void> {
    const finished = [...this.#pending].filter(([, { hours }]) => hours.size === 0)
    if (finished.length === 0) return
    const { disk, dryRun, sink } = this.#options
    await sink.settle()
    for (const [unit, { done, leftOut }] of finished) {
      this.#pending.delete(unit)
      if (!leftOut && !dryRun) await writeDone(disk, unit, done)
    }
  }
}

/** What an archive of these ticks alone takes: with others in one file it is less. */
async function bytesOf({ cid, tt }: HourKey, file: HourFile): Promise<number> {
  if (file.backend !== SEALED_BACKEND) return file.bytes.length
  return (await encodeSealed(file.added, { cid, tt, seq: 0 }, LEVEL.hour)).bytes.length
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
