import { codeOf, partitionOf, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { listFolder } from '../layout/list-folder.ts'
import { dayOf } from '../layout/manifest-path.ts'
import {
  isSealedTemporary,
  listSealedDays,
  listSealedFiles,
  listSealedSeries,
  type SealedDay,
  sealedDayPath,
  sealedFolder,
  sealedHourPath,
} from '../layout/sealed-path.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import { identityOf, isSameFile } from '../query/file-identity.ts'
import { type OpenedSealed, openDay } from '../query/sealed-snapshot.ts'
import { openUndamaged } from '../retention/sealed-days.ts'
import type { Source } from '../segment/checkpoint.ts'
import { CLOSE_AFTER_US, closesBefore } from '../segment/closed-files.ts'
import { type Disk, nodeDisk } from '../segment/disk.ts'
import { stoppable } from '../segment/fail-points.ts'
import type { PartitionStore } from '../segment/partition-store.ts'
import { areSealed } from './are-sealed.ts'
import { heldSeq } from './footer.ts'
import { LEVEL } from './seal-columns.ts'
import { archived, nameSealed, type SealFileOptions, sealedIn, sealFile, syncSealed } from './seal-file.ts'

/** What of a store sealing needs. */
export type SealedStore = Pick<PartitionStore, 'seq' | 'newestStUs' | 'pendingBytes' | 'state' | 'committedFiles' | 'forgetRows'>

export interface SealerOptions {
  dataDir: string
  partition: number
  source: Source
  store: SealedStore
  /** Told of each file made, and of what could not be made and is tried again. */
  onSealed?: (sealed: Sealed) => void
  onTrouble?: (path: string, error: unknown) => void
  signal?: AbortSignal
  /** Default: the disk under DATA_DIR. */
  disk?: Disk
  /** Wall clock, ms; only bounds how often late ticks are merged. */
  nowMs?: () => number
}

export interface Sealed {
  path: string
  count: number
  /** Log position up to which it holds its hours. */
  seq: number
}

/** A day that is made and waits for its name. */
export interface PreparedDay {
  day: SealedDay
  temporary: string
  sources: readonly OpenedSealed[]
  sealed: Sealed
}

/** Late ticks make their file anew no more often than this. */
export const LATE_EVERY_MS = 3_600_000

/**
 * Turns the rows of one partition into the archive: an hour that the log has closed into a file, a day whose hours are all closed into one. The owner of the partition calls it,
 * one call at a time; what it says of a store holds between two commits.
 *
 * The position that a file says it holds is the durable one of that moment. So no checkpoint that counts is ever below a footer, and rows that are listed at or below the
 * footer of their hour are all in the file.
 */
export class Sealer {
  readonly #options: SealerOptions
  readonly #disk: Disk
  /** Days that have hour files, by their folder; known after the first look at all. */
  #days: Map<string, SealedDay> | undefined
  /** Log position up to which the sealed file of an hour file of rows holds its hour, as it was when the rows began. */
  readonly #held = new Map<string, number>()

  constructor(options: SealerOptions) {
    this.#options = options
    this.#disk = options.disk ?? stoppable(nodeDisk(options.dataDir))
  }

  /**
   * Before the first message: rows that a predecessor sealed and did not come to forget are forgotten now. A checkpoint that was made anew stands below what its rows hold, so
   * the position of a file says only where to look.
   * @throws StorageError as `forgetRows`
   */
  async recover(): Promise<void> {
    const { store, dataDir } = this.#options
    const covered: string[] = []
    for (const { day, rows } of this.#rowsByDay()) {
      for (const file of await this.#opened(day)) {
        const held = this.#heldIn(file)
        if (held === 0 || held < store.state.committedSeq) continue
        const ofFile = rows.filter((path) => file.path.hourUs === undefined || parseSegmentPath(path)?.hourUs === file.path.hourUs)
        const inIt: string[] = []
        for (const path of ofFile) if (await areSealed(dataDir, file.footer.facts, path, store.committedFiles[path] ?? 0)) inIt.push(path)
        if (inIt.length > 0) await syncSealed(this.#disk, file.path.path) // its owner may have died before the name was durable
        covered.push(...inIt)
      }
    }
    if (covered.length > 0) await store.forgetRows(covered)
  }

  /**
   * Log position up to which the archive has an hour: a message at or below it was sealed, and is not taken again. Where its file is damaged 0: what comes waits as rows, and
   * neither this partition nor the log is held up for as long as nobody repairs it.
   * @param path of the rows of an hour
   */
  async heldSeqOf(path: string): Promise<number> {
    const known = this.#held.get(path)
    if (known !== undefined) return known
    const segment = parseSegmentPath(path)
    if (segment === undefined) return 0
    const files = await this.#opened({ ...segment, dayUs: dayOf(segment.hourUs) })
    const file = files.find((each) => each.path.hourUs === undefined || each.path.hourUs === segment.hourUs)
    const seq = file === undefined ? 0 : this.#heldIn(file)
    if (this.#held.size > MOST_HELD) this.#held.clear()
    this.#held.set(path, seq)
    return seq
  }

  /** The files of a day that count, but for those that are damaged, which is told. */
  async #opened(day: SealedDay): Promise<OpenedSealed[]> {
    const { dataDir } = this.#options
    return await openDay(dataDir, day).catch((error: unknown) => {
      if (codeOf(error) !== 'IBS_STORAGE_SEALED_DAMAGED') throw error
      this.#trouble(sealedFolder(day), error)
      return openUndamaged(dataDir, day)
    })
  }

  #heldIn({ footer }: OpenedSealed): number {
    return heldSeq(footer.facts, this.#options.source.spoolId)
  }

  /** Somebody else worked on the files (repair): what was known of them counts no more. */
  lookAgain(): void {
    this.#days = undefined
    this.#held.clear()
  }

  /**
   * Seals the rows of hours that are closed. Everything must be committed durably, and nothing taken meanwhile.
   * @throws StorageError as `forgetRows`, and what the disk says when a name cannot be made durable: then the store must be opened anew
   */
  async sealHours(): Promise<void> {
    const { store, dataDir } = this.#options
    if (store.pendingBytes > 0 || store.state.durableSeq !== store.seq || store.state.committedSeq !== store.seq) return
    const done: string[] = []
    for (const { day, rows } of this.#rowsByDay()) {
      const files = await openDay(dataDir, day).catch((error: unknown) => this.#trouble(sealedFolder(day), error))
      if (files === undefined || files.some((file) => this.#heldIn(file) > store.seq)) continue // after a lost checkpoint: the log comes to it first
      const whole = files.some(({ path }) => path.hourUs === undefined)
      const targets = whole ? [wholeDay(day, rows)] : hoursOf(day, rows)
      for (const target of targets) if (await this.#sealTarget(day, target, files)) done.push(...target.rows)
    }
    if (done.length > 0) await store.forgetRows(done)
  }

  async #sealTarget(day: SealedDay, target: Target, files: readonly OpenedSealed[]): Promise<boolean> {
    const { store, nowMs = Date.now } = this.#options
    if (!target.rows.every((path) => closesBefore(path, store.newestStUs))) return false
    const before = files.find(({ path }) => path.path === target.path)
    // one that is of a later time was made while the clock was ahead
    if (before !== undefined && Math.abs(nowMs() - before.found.mtimeMs) < LATE_EVERY_MS) return false
    if (target.rows.every((path) => (store.committedFiles[path] ?? 0) === 0)) return true // listed for ticks that then never came
    const columns = () => archived(this.#options.dataDir, day, target)
    const made = await this.#make(day, target.path, { seq: store.seq, level: LEVEL.hour, columns })
    if (made === undefined) return false
    await nameSealed(this.#disk, made.temporary, target.path)
    if (before === undefined) this.#days?.set(sealedFolder(day), day)
    this.#options.onSealed?.(made.sealed)
    return true
  }

  /** What goes wrong here changes nothing: what was there stays, and the next call tries again. */
  async #make(day: SealedDay, path: string, about: Pick<SealFileOptions, 'level' | 'columns'> & { seq: number }) {
    const { source, signal } = this.#options
    const { seq, ...rest } = about
    const head = { cid: day.cid, tt: day.tt, spoolId: source.spoolId, source: source.source, seq }
    try {
      const made = await sealFile({ disk: this.#disk, path, head, ...rest })
      return made && { temporary: made.temporary, sealed: { path, count: made.facts.count, seq } }
    } catch (error) {
      signal?.throwIfAborted()
      return this.#trouble(path, error)
    }
  }

  #trouble(path: string, error: unknown): undefined {
    this.#options.onTrouble?.(path, error)
    return undefined
  }

  /** Days that can become one file now: all their hours are closed, and no rows of them wait. Removes what a killed predecessor left of one. */
  async dueDays(): Promise<SealedDay[]> {
    const { store, dataDir } = this.#options
    this.#days ??= await this.#look()
    const days = this.#days
    const waiting = new Set(this.#rowsByDay().map(({ day }) => sealedFolder(day)))
    const due: SealedDay[] = []
    for (const [folder, day] of days) {
      if (day.dayUs + US_PER_DAY + CLOSE_AFTER_US > store.newestStUs || waiting.has(folder)) continue
      const hours = await listSealedFiles(dataDir, day)
      if (hours.length === 0) days.delete(folder)
      else due.push(day)
    }
    return due
  }

  /**
   * Makes the file of a due day from its hour files, without its name. May go on beside commits: what is late meanwhile waits as rows, above the position that the file says.
   */
  async prepareDay(day: SealedDay): Promise<PreparedDay | undefined> {
    const { store, dataDir, signal } = this.#options
    const seq = store.state.durableSeq
    if (this.#rowsByDay().some((each) => sealedFolder(each.day) === sealedFolder(day))) return undefined
    const sources = await openDay(dataDir, day).catch((error: unknown) => this.#trouble(sealedFolder(day), error))
    if (sources === undefined || sources.some((file) => this.#heldIn(file) > seq)) return undefined
    const paths = sources.map(({ path }) => path.path)
    const columns = () => sealedIn(dataDir, paths, signal)
    const made = await this.#make(day, sealedDayPath(day), { seq, level: LEVEL.day, columns })
    return made && { day, sources, ...made }
  }

  /**
   * Gives a day its file, and takes its hours away. Between two commits.
   * @throws as `sealHours`
   */
  async finishDay({ day, temporary, sources, sealed }: PreparedDay): Promise<void> {
    const { store } = this.#options
    if (!(await this.#isUnchanged(day, sources))) return this.#disk.remove(temporary) // an hour was made anew, or made: next time
    await nameSealed(this.#disk, temporary, sealedDayPath(day))
    await store.forgetRows([])
    for (const { path } of sources) await this.#disk.remove(path.path)
    this.#days?.delete(sealedFolder(day))
    this.#options.onSealed?.(sealed)
  }

  async #isUnchanged(day: SealedDay, sources: readonly OpenedSealed[]): Promise<boolean> {
    const now = await openDay(this.#options.dataDir, day)
    return (
      now.length === sources.length &&
      now.every(({ found }, i) => isSameFile(identityOf(found), identityOf((sources[i] as OpenedSealed).found)))
    )
  }

  /** All days with hour files of their own, the first time; takes away files that never got their name, and hours that a day replaced. */
  async #look(): Promise<Map<string, SealedDay>> {
    const { dataDir, partition } = this.#options
    const days = new Map<string, SealedDay>()
    for (const series of await listSealedSeries(dataDir)) {
      if (partitionOf(series.cid) !== partition) continue
      for (const day of await listSealedDays(dataDir, series, { startUs: 0, endUs: Number.MAX_SAFE_INTEGER })) {
        const files = await this.#tidied(day)
        if (files > 0) days.set(sealedFolder(day), day)
      }
    }
    return days
  }

  /** @returns how many hour files the day has that count */
  async #tidied(day: SealedDay): Promise<number> {
    const { dataDir } = this.#options
    const folder = sealedFolder(day)
    for (const name of await listFolder(dataDir, folder)) if (isSealedTemporary(name)) await this.#disk.remove(`${folder}/${name}`)
    const files = await listSealedFiles(dataDir, day)
    const whole = files.find(({ hourUs }) => hourUs === undefined)
    if (whole === undefined) return files.length
    const replaced = files.filter((file) => file !== whole)
    if (replaced.length > 0) await syncSealed(this.#disk, whole.path)
    for (const { path } of replaced) await this.#disk.remove(path)
    return 0
  }

  /** Rows that are listed, by contract, type and day. */
  #rowsByDay(): { day: SealedDay; rows: string[] }[] {
    const byDay = new Map<string, { day: SealedDay; rows: string[] }>()
    for (const path of Object.keys(this.#options.store.committedFiles)) {
      const segment = parseSegmentPath(path)
      if (segment === undefined) continue
      const day = { cid: segment.cid, tt: segment.tt, dayUs: dayOf(segment.hourUs) }
      const known = byDay.get(sealedFolder(day)) ?? { day, rows: [] }
      byDay.set(sealedFolder(day), known)
      known.rows.push(path)
    }
    return [...byDay.values()]
  }
}

const MOST_HELD = 10_000

/** A file to be made, and the rows that go into it with what was sealed before. */
interface Target {
  path: string
  rows: readonly string[]
  startUs: number
  endUs: number
}

/** What goes into the file of a day takes all rows of that day. */
const wholeDay = (day: SealedDay, rows: readonly string[]): Target => ({
  path: sealedDayPath(day),
  rows,
  startUs: day.dayUs,
  endUs: day.dayUs + US_PER_DAY,
})

/** What goes into the file of an hour takes all rows of that hour: those of older recordings have files of their own. */
function hoursOf(day: SealedDay, rows: readonly string[]): Target[] {
  const byHour = Map.groupBy(rows, (path) => parseSegmentPath(path)?.hourUs ?? 0)
  return [...byHour].map(([hourUs, of]) => ({ path: sealedHourPath(day, hourUs), rows: of, startUs: hourUs, endUs: hourUs + US_PER_HOUR }))
}
