import { partitionOf } from '@ib-stream/model'
import type { Backend } from '../layout/backend.ts'
import { listDays } from '../layout/list-days.ts'
import { parseSegmentPath } from '../layout/segment-path.ts'
import type { ManifestEntry } from '../manifest/manifest-entry.ts'
import type { Disk } from '../segment/disk.ts'
import { removeEmptyFolders, removeNames } from '../segment/remove-names.ts'
import { checkFile } from '../verify/check-file.ts'
import { checkSealedFile } from '../verify/check-sealed.ts'
import { type DayHours, diskBytesOfDay, type HeldHour, readDayHours } from './day-hours.ts'
import type { FileRemover } from './file-remover.ts'
import { type DueBecause, type PlannedHour, RetentionPlan, type StayWord } from './plan-day.ts'
import { logRemovals, type Removal, removalLogPath } from './removal-log.ts'
import type { RetentionCounts, RetentionOptions } from './report.ts'

/** What is done for one backend. */
export interface BackendWork {
  disk: Disk
  backend: Backend
  /** Kept longer; an hour may go where one of them has it. */
  longerKept: readonly Backend[]
  /** Size of the disk. */
  diskBytes: number
  /** The partitions whose files may go; undefined: all. */
  only: number | undefined
  removerOf(partition: number): Promise<FileRemover>
  visiblePathOf(partition: number): string
}

/** Takes what is due of one backend away, a UTC day after the other, oldest first. */
export class BackendRetention {
  readonly #options: RetentionOptions & { nowUs: number }
  readonly #work: BackendWork
  readonly #counts: RetentionCounts
  readonly #wholeSealed = new Map<string, Promise<boolean>>()

  constructor(options: RetentionOptions & { nowUs: number }, work: BackendWork, counts: RetentionCounts) {
    this.#options = options
    this.#work = work
    this.#counts = counts
  }

  async run(): Promise<void> {
    const { dataDir, keep, nowUs, unconfirmed = false, onProgress } = this.#options
    const { backend, diskBytes } = this.#work
    const days = await listDays(dataDir, backend)
    const limits = keep[backend] ?? {}
    const usedBytes = limits.maxDiskShare === undefined ? 0 : await this.#usedBytes(days)
    const plan = new RetentionPlan({ keep: limits, nowUs, diskBytes, usedBytes, unconfirmed })
    for (const [nth, dayUs] of days.entries()) {
      const why = plan.dueBecause(dayUs)
      if (why === undefined) return
      this.#options.signal?.throwIfAborted()
      onProgress?.({ backend, dayUs, day: nth + 1, days: days.length })
      plan.went(await this.#retainDay(plan, dayUs, why))
    }
  }

  async #usedBytes(days: readonly number[]): Promise<number> {
    let bytes = 0
    for (const dayUs of days) bytes += await diskBytesOfDay(this.#options.dataDir, this.#work.backend, dayUs)
    return bytes
  }

  /** @returns bytes that went, counting what the owners of other partitions are to do */
  async #retainDay(plan: RetentionPlan, dayUs: number, why: DueBecause): Promise<number> {
    const { dataDir, dryRun = false } = this.#options
    const { backend, longerKept, only } = this.#work
    const ofAll = only === undefined ? 0 : await diskBytesOfDay(dataDir, backend, dayUs)
    const held = await readDayHours(dataDir, backend, dayUs, only)
    const copies = (await Promise.all(longerKept.map((other) => readDayHours(dataDir, other, dayUs, only)))).flatMap(({ hours }) => hours)
    const decided: Decided[] = []
    this.#wholeSealed.clear()
    for (const planned of plan.decide(held.hours, copies)) decided.push(await this.#confirmed(planned))
    if (!dryRun) await this.#removeLeftovers(held)
    const going = decided.filter(({ stays }) => stays === undefined)
    const gone = new Set(dryRun ? going.flatMap(({ hour }) => hour.entries.map(({ path }) => path)) : await this.#remove(going, why))
    const went = going.map(({ hour }) => hour).filter(({ entries }) => entries.every(({ path }) => gone.has(path)))
    this.#tell({ dayUs, why, went, stayed: decided.flatMap(({ hour, stays }) => (stays ? { hour, stays } : [])) })
    const bytes = sumOf(went, ({ diskBytes }) => diskBytes)
    return only === undefined ? bytes : bytes + Math.max(0, ofAll - sumOf(held.hours, ({ diskBytes }) => diskBytes))
  }

  /** The copy that an hour relies on is read before: a disk that lost it must not take the other one too. */
  async #confirmed({ hour, stays, copies }: PlannedHour): Promise<Decided> {
    if (stays !== undefined) return { hour, stays, copyIn: undefined }
    for (const copy of copies) if (await this.#isWhole(copy)) return { hour, stays, copyIn: copy.backend }
    return { hour, stays: this.#options.unconfirmed ? undefined : 'copy_damaged', copyIn: undefined }
  }

  async #isWhole({ entries, sealedPath }: HeldHour): Promise<boolean> {
    if (sealedPath !== undefined) return this.#isWholeSealed(sealedPath)
    for (const entry of entries) {
      this.#options.signal?.throwIfAborted()
      const facts = { entry, committedBytes: undefined, tally: undefined, owed: false }
      if ((await checkFile(this.#options.dataDir, entry.path, facts)).damage !== undefined) return false
    }
    return true
  }

  /** A day file holds many hours; it is read once a day. */
  #isWholeSealed(path: string): Promise<boolean> {
    const known = this.#wholeSealed.get(path)
    if (known !== undefined) return known
    this.#options.signal?.throwIfAborted()
    const isWhole = checkSealedFile(this.#options.dataDir, path).then(({ damage, bytes }) => damage === undefined && bytes !== undefined)
    this.#wholeSealed.set(path, isWhole)
    return isWhole
  }

  async #remove(going: readonly Decided[], why: DueBecause): Promise<string[]> {
    const { nowUs } = this.#options
    const { disk, backend } = this.#work
    const gone: string[] = []
    const removals = going.flatMap(({ hour, copyIn }) => hour.entries.map((entry): Removal => ({ entry, why, copyIn })))
    for (const [partition, some] of Map.groupBy(removals, ({ entry }) => partitionOfEntry(entry))) {
      await this.#reach(partition, async () => {
        const remover = await this.#work.removerOf(partition)
        await logRemovals(disk, removalLogPath(backend, partition), some, nowUs)
        const entries = some.map(({ entry }) => entry)
        for (const { path } of await remover.removeFiles(entries, nowUs)) gone.push(path)
      })
    }
    await removeEmptyFolders(disk, gone)
    return gone
  }

  /** Of a partition with a log its next owner removes them; of another nobody else would. */
  async #removeLeftovers({ leftovers }: DayHours): Promise<void> {
    for (const [partition, paths] of Map.groupBy(leftovers, (path) => partitionOf(parseSegmentPath(path)?.cid ?? 0))) {
      await this.#reach(partition, async () => {
        await removeNames(this.#work.disk, this.#work.visiblePathOf(partition), paths)
      })
    }
    await removeEmptyFolders(this.#work.disk, leftovers)
  }

  /** A partition that cannot be worked on is said, and the others go on. */
  async #reach(partition: number, work: () => Promise<void>): Promise<void> {
    if (this.#counts.unreachable.some(({ path }) => path === this.#work.visiblePathOf(partition))) return
    try {
      await work()
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      this.#counts.unreachable.push({
        path: this.#work.visiblePathOf(partition),
        reason: Error.isError(error) ? error.message : String(error),
      })
    }
  }

  #tell({
    dayUs,
    why,
    went,
    stayed,
  }: {
    dayUs: number
    why: DueBecause
    went: HeldHour[]
    stayed: { hour: HeldHour; stays: StayWord }[]
  }): void {
    const removed = {
      hours: went.length,
      files: sumOf(went, ({ entries }) => entries.length),
      ticks: sumOf(went, ({ entries }) => sumOf(entries, ({ count }) => count)),
      diskBytes: sumOf(went, ({ diskBytes }) => diskBytes),
    }
    const stays = stayed.map(({ hour: { cid, tt, hourUs }, stays }) => ({ cid, tt, hourUs, because: stays }))
    for (const key of ['hours', 'files', 'ticks', 'diskBytes'] as const) this.#counts.removed[key] += removed[key]
    for (const { because } of stays) this.#counts.stayed[because]++
    if (went.length + stays.length > 0) this.#options.onDay?.({ backend: this.#work.backend, dayUs, why, removed, stays })
  }
}

interface Decided {
  hour: HeldHour
  stays: StayWord | undefined
  copyIn: Backend | undefined
}

const partitionOfEntry = ({ path }: ManifestEntry): number => partitionOf(parseSegmentPath(path)?.cid ?? 0)

const sumOf = <Item>(items: readonly Item[], value: (item: Item) => number): number => items.reduce((sum, item) => sum + value(item), 0)
