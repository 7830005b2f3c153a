import type { ArchiveRun } from '@ib-stream/archive'
import { pause } from '@ib-stream/bus'
import { codeOf, usFromMs } from '@ib-stream/model'
import type { Condition } from './alerts.ts'

export interface ArchiveScheduleOptions {
  /** Opens the archive, once; undefined: there is none. */
  open: (() => Promise<Archiving>) | undefined
  everyMs: number
  /** Told after each run. */
  onRun: (run: ArchiveRun) => void
}

/** What of an Archiver is needed. */
export interface Archiving {
  readonly failedRuns: number
  run(signal: AbortSignal): Promise<ArchiveRun>
}

/** A sealed day that is not archived for so long needs a person. */
const LAG_MS = 6 * 3_600_000
/** One failed run is a blink of the network. */
const FAILED_RUNS = 2

const failedToOpen = (error: unknown): ArchiveRun => ({
  ...{ startedUs: usFromMs(Date.now()), localDays: 0, archivedDays: 0, archivedBytes: 0, copiedDays: 0, copiedBytes: 0, lagMs: 0 },
  failures: [{ code: codeOf(error) ?? 'unknown', message: Error.isError(error) ? error.message : String(error) }],
})

/** Has sealed days copied to the archive, one run after the other. */
export class ArchiveSchedule {
  readonly #options: ArchiveScheduleOptions
  #archiving: Archiving | undefined
  #openFailures = 0
  state: 'off' | 'waiting' | 'running' = 'waiting'
  last: ArchiveRun | undefined
  copiedDays = 0
  copiedBytes = 0
  failures = 0

  constructor(options: ArchiveScheduleOptions) {
    this.#options = options
    if (options.open === undefined) this.state = 'off'
  }

  get failedRuns(): number {
    return this.#archiving?.failedRuns ?? this.#openFailures
  }

  /** Works until the signal aborts, with its reason; never begins where there is no archive. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.#options.open !== undefined) await this.once(this.#options.open, signal)
      await pause(this.#options.everyMs, signal)
    }
  }

  async once(open: () => Promise<Archiving>, signal: AbortSignal): Promise<ArchiveRun> {
    this.state = 'running'
    try {
      const run = await this.#runOpened(open, signal)
      this.last = run
      this.copiedDays += run.copiedDays
      this.copiedBytes += run.copiedBytes
      this.failures += run.failures.length
      this.#options.onRun(run)
      return run
    } finally {
      this.state = 'waiting'
    }
  }

  /** An archive that cannot be opened is a run that failed: the keeper has other work, and tries again. */
  async #runOpened(open: () => Promise<Archiving>, signal: AbortSignal): Promise<ArchiveRun> {
    try {
      this.#archiving ??= await open()
    } catch (error) {
      signal.throwIfAborted()
      this.#openFailures += 1
      return failedToOpen(error)
    }
    return await this.#archiving.run(signal)
  }

  /** What needs a person; nothing where there is no archive. */
  conditions(): Condition[] {
    if (this.#options.open === undefined) return []
    const [first, ...more] = this.last?.failures ?? []
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    const lagMs = this.last?.lagMs
    return [
      {
        alert: 'archive_failing',
        firing: this.last && this.failedRuns >= FAILED_RUNS,
        summary: `sealed days cannot be archived: ${first?.message ?? 'they can again'}${others}`,
      },
      {
        alert: 'archive_lag',
        firing: lagMs === undefined ? undefined : lagMs > LAG_MS,
        summary: `a day that was sealed ${Math.round((lagMs ?? 0) / 3_600_000)} h ago is not archived as it is now; ib-stream archive status tells which`,
      },
    ]
  }
}
