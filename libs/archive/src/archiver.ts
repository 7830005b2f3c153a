import { codeOf, msFromUs, usFromMs } from '@ib-stream/model'
import { listWholeDays, type WholeDay } from '@ib-stream/storage'
import { Audit } from './audit.ts'
import { copyDay } from './day-copy.ts'
import { type ArchivedDay, dateOf, recordKey } from './day-record.ts'
import { ArchiveError } from './errors.ts'
import { Failures } from './failures.ts'
import { assertSource } from './marker.ts'
import type { ObjectStore } from './object-store.ts'
import { localDates, Records } from './records.ts'
import { type ArchiveRun, emptyRun, failureOf, writeLastRun } from './run.ts'

export interface ArchiverOptions {
  dataDir: string
  store: ObjectStore
  prefix: string
  source: 'gateway' | 'simulator'
  /** How often the bucket is listed and held to the records. @default a day */
  auditEveryMs?: number
  /** Told of each day that was copied, and of each copy that was found damaged or gone and is made anew. */
  onCopied?: (day: ArchivedDay) => void
  onDamaged?: (day: ArchivedDay) => void
}

const AUDIT_EVERY_MS = 86_400_000

interface Turn {
  run: ArchiveRun
  /** `run.failures`, and how one comes among them. */
  failures: Failures
  /** Undefined: what the records say is believed. */
  audit: Audit | undefined
  /** Days that are not archived as they are now. */
  missing: Set<WholeDay>
  signal: AbortSignal
}

/**
 * Copies days that are one sealed file to a bucket. One at a time on a DATA_DIR. What is recorded as archived was confirmed; killed at any moment, the next run finds what the
 * last one did. A day that changes (late ticks) is put under the same key in one request, so readers have the old or the new one, and is in the record after that.
 */
export class Archiver {
  readonly #options: ArchiverOptions
  readonly #records: Records
  #isSourceSure = false
  #auditedMs = Number.NEGATIVE_INFINITY
  /** Dates in which something failed when they were last looked at, the one that was looked at longest ago first. */
  readonly #failedDates = new Set<string>()
  /** Runs in a row in which something failed. */
  failedRuns = 0

  constructor(options: ArchiverOptions) {
    this.#options = options
    this.#records = new Records(options)
  }

  /**
   * One look at all days. What fails is in the answer: where it is one day or record the others go on; a server that is away or refuses, or a disk that is full, ends the run.
   * @throws `signal.reason`
   */
  async run(signal: AbortSignal): Promise<ArchiveRun> {
    const { dataDir } = this.#options
    const run = emptyRun(usFromMs(Date.now()))
    const missing = new Set<WholeDay>()
    const note = (error: unknown): void => {
      signal.throwIfAborted()
      run.failures.push(failureOf(undefined, error))
    }
    try {
      const days = await listWholeDays(dataDir)
      run.localDays = days.length
      for (const day of days) missing.add(day)
      await this.#runDates({ run, failures: new Failures({ ...this.#options, signal }, run.failures), missing, signal }, days)
    } catch (error) {
      note(error)
    }
    run.lagMs = [...missing].reduce((lag, { modifiedMs }) => Math.max(lag, msFromUs(run.startedUs) - modifiedMs), 0)
    const failedRuns = this.failedRuns + 1
    await writeLastRun(dataDir, { ...run, failedRuns: run.failures.length > 0 ? failedRuns : 0 }).catch(note)
    this.failedRuns = run.failures.length > 0 ? failedRuns : 0
    return run
  }

  async #runDates(turn: Omit<Turn, 'audit'>, days: readonly WholeDay[]): Promise<void> {
    const { dataDir, auditEveryMs = AUDIT_EVERY_MS } = this.#options
    const { signal } = turn
    if (!this.#isSourceSure) await assertSource(this.#options, { make: true, signal })
    this.#isSourceSure = true
    const isAuditDue = performance.now() - this.#auditedMs >= auditEveryMs
    const audit = isAuditDue ? await Audit.list(this.#options, signal) : undefined
    const byDate = Map.groupBy(days, ({ dayUs }) => dateOf(dayUs))
    const dates = new Set([...byDate.keys(), ...(await localDates(dataDir)), ...(audit?.dates ?? [])])
    const unseen = new Set(dates)
    try {
      for (const date of this.#inOrder(dates)) {
        unseen.delete(date)
        await this.#tryDate({ ...turn, audit }, date, byDate.get(date) ?? [])
      }
    } finally {
      if (isAuditDue && unseen.isSubsetOf(this.#failedDates)) this.#auditedMs = performance.now()
    }
  }

  /** Oldest first; what failed last time keeps no other date waiting, and as a run may end before all of that was tried, the next begins with the rest. */
  #inOrder(dates: ReadonlySet<string>): string[] {
    const others = [...dates].filter((date) => !this.#failedDates.has(date)).sort()
    return [...others, ...[...this.#failedDates].filter((date) => dates.has(date))]
  }

  /** A date in which something failed is held to the bucket in each run until all of it is well; the others wait for the next audit. */
  async #tryDate(turn: Turn, date: string, days: readonly WholeDay[]): Promise<void> {
    const { failures } = turn
    const before = failures.list.length
    const audit = turn.audit ?? (this.#failedDates.has(date) ? Audit.ofFew(this.#options) : undefined)
    this.#failedDates.delete(date)
    this.#failedDates.add(date) // as the last
    try {
      await this.#runDate({ ...turn, audit }, date, days)
    } catch (error) {
      await failures.note(recordKey(date), error)
    }
    if (failures.list.length === before) this.#failedDates.delete(date)
  }

  async #runDate(turn: Turn, date: string, days: readonly WholeDay[]): Promise<void> {
    const { run, audit, missing, signal } = turn
    const { record: before, isInBucket } = await this.#records[audit === undefined ? 'read' : 'refresh'](date, signal)
    const known = new Map(before.days.map((day) => [day.path, day]))
    await this.#holdCopies(turn, known, new Set(days.map(({ path }) => path)))
    for (const day of days) {
      signal.throwIfAborted()
      const archived = known.get(day.path)
      const isAsCopied = archived?.bytes === day.bytes && archived.modifiedMs === day.modifiedMs
      const now = isAsCopied ? archived : await this.#copy(turn, day, archived)
      if (now === undefined) continue
      known.set(day.path, now)
      missing.delete(day)
    }
    const after = [...known.values()]
    const isOther = after.length !== before.days.length || after.some((day) => !before.days.includes(day))
    if (isOther || (!isInBucket && after.length > 0)) await this.#records.write({ date, days: after }, signal)
    run.archivedDays += after.length
    run.archivedBytes += after.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** A copy that is not as it was counts no more, so that its day is copied anew; where the day is gone the record stays, and says what is lost. */
  async #holdCopies({ failures, audit, signal }: Turn, known: Map<string, ArchivedDay>, here: ReadonlySet<string>): Promise<void> {
    if (audit === undefined) return
    for (const day of [...known.values()]) {
      try {
        const now = await audit.hold(day, signal)
        if (now !== undefined) {
          known.set(day.path, now)
          continue
        }
        if (!here.has(day.path)) throw copyLost(day)
        this.#options.onDamaged?.(day)
        known.delete(day.path)
      } catch (error) {
        await failures.note(day.path, error)
      }
    }
  }

  /** @returns undefined where it failed and others may not */
  async #copy({ run, failures, signal }: Turn, day: WholeDay, known: ArchivedDay | undefined): Promise<ArchivedDay | undefined> {
    try {
      const { archived, sentBytes } = await copyDay({ ...this.#options, signal }, day, known)
      if (archived.sha256 === known?.sha256) return archived
      run.copiedDays += 1
      run.copiedBytes += sentBytes
      this.#options.onCopied?.(archived)
      return archived
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') await failures.note(day.path, error) // a day that went since it was listed is nobody's failure
      return undefined
    }
  }
}

const copyLost = ({ path }: ArchivedDay): ArchiveError =>
  new ArchiveError(
    'IBS_ARCHIVE_COPY_LOST',
    `the copy of ${path} is damaged or gone, and the day is not here any more; restore the object (an older version of it, a backup)`,
    { path },
  )
