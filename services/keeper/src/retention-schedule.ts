import { askOwner, type Bus, pause } from '@ib-stream/bus'
import { PARTITION_COUNT, usFromMs } from '@ib-stream/model'
import type { Backend, KeepByBackend, RetentionJob, RetentionReport } from '@ib-stream/storage'

export interface RetentionScheduleOptions {
  bus: Bus
  /** Backends without a limit keep all. */
  keep: KeepByBackend
  /** Those that are read; an hour that none of them holds besides stays. */
  backends: readonly Backend[]
  everyMs: number
  /** Told after each run. */
  onRun: (run: RetentionRun) => void
}

/** One round of all owners. */
export interface RetentionRun {
  /** When it began, µs UTC. */
  startedUs: number
  removed: { hours: number; files: number; ticks: number; diskBytes: number }
  /** Hours that were due and stayed, because no other backend is known to have them or their files are not as they should be. */
  stayedHours: number
  /** Why partitions were not worked on, or only in part; the next run tries again. */
  failed: string[]
}

/** Has what is no longer kept taken away, by asking the owner of each partition in turn: only owners change files. */
export class RetentionSchedule {
  readonly #options: RetentionScheduleOptions
  state: 'off' | 'waiting' | 'running' = 'waiting'
  last: RetentionRun | undefined
  removedFiles = 0
  removedBytes = 0

  constructor(options: RetentionScheduleOptions) {
    this.#options = options
    if (this.#limited.length === 0) this.state = 'off'
  }

  /** Works until the signal aborts, with its reason; never begins where nothing has a limit. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.#limited.length > 0 && this.#options.bus.state === 'connected') await this.once(signal)
      await pause(this.#options.everyMs, signal)
    }
  }

  async once(signal: AbortSignal): Promise<RetentionRun> {
    const run: RetentionRun = {
      startedUs: usFromMs(Date.now()),
      removed: { hours: 0, files: 0, ticks: 0, diskBytes: 0 },
      stayedHours: 0,
      failed: [],
    }
    this.state = 'running'
    try {
      for (const backend of this.#limited)
        for (let partition = 0; partition < PARTITION_COUNT; partition++) await this.#ask(run, { backend, partition }, signal)
    } finally {
      this.state = 'waiting'
    }
    this.last = run
    this.#options.onRun(run)
    return run
  }

  get #limited(): Backend[] {
    return Object.entries(this.#options.keep)
      .filter(([, limits]) => limits?.maxAgeUs !== undefined || limits?.maxDiskShare !== undefined)
      .map(([backend]) => backend as Backend)
  }

  async #ask(run: RetentionRun, at: { backend: Backend; partition: number }, signal: AbortSignal): Promise<void> {
    const { bus, keep, backends } = this.#options
    const request: RetentionJob = { do: 'retention', keep, backends, nowUs: run.startedUs }
    try {
      const { removed, stayed, unreachable } = (await askOwner(bus, { ...at, request, signal })) as RetentionReport // of our own version of the same code
      for (const key of ['hours', 'files', 'ticks', 'diskBytes'] as const) run.removed[key] += removed[key]
      this.removedFiles += removed.files
      this.removedBytes += removed.diskBytes
      const { open: _stillWritten, ...others } = stayed
      run.stayedHours += Object.values(others).reduce((sum, hours) => sum + hours, 0)
      run.failed.push(...unreachable.map(({ path, reason }) => `${path}: ${reason}`))
    } catch (error) {
      signal.throwIfAborted()
      run.failed.push(`${at.backend} ${at.partition}: ${String(error)}`)
    }
  }
}
