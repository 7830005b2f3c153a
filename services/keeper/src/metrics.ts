import type { Service } from '@ib-stream/service'
import { Counter, Gauge } from 'prom-client'
import type { ArchiveSchedule } from './archive-schedule.ts'
import { LIMITS } from './conditions.ts'
import type { Keeper } from './keeper.ts'
import type { RetentionSchedule } from './retention-schedule.ts'

const MS_PER_SECOND = 1_000

/** What Prometheus sees of the keeper. */
export function registerKeeperMetrics(service: Pick<Service, 'metrics'>, read: () => Keeper | undefined): void {
  const registers = [service.metrics]
  const gauge = (name: string, help: string, value: (keeper: Keeper) => number | undefined) =>
    new Gauge({
      name: `ibs_keeper_${name}`,
      help,
      registers,
      collect() {
        const keeper = read()
        const now = keeper && value(keeper)
        if (now === undefined) this.reset()
        else this.set(now)
      },
    })
  gauge('log_bytes', 'Bytes of the log', ({ sight }) => sight?.log?.bytes)
  gauge('log_max_bytes', 'Bytes that the log may hold', ({ sight }) => sight?.log?.maxBytes)
  gauge('log_first_sequence', 'First sequence that the log holds', ({ sight }) => sight?.log?.firstSeq)
  gauge('log_last_sequence', 'Last sequence of the log', ({ sight }) => sight?.log?.lastSeq)
  gauge('log_followers_behind', 'Servers of the cluster that do not keep up with the log', ({ sight }) => sight?.log?.behind.length)
  gauge('disk_free_bytes', 'Free on the disk of DATA_DIR', ({ sight }) => sight?.disk.freeBytes)
  gauge('disk_size_bytes', 'Size of the disk of DATA_DIR', ({ sight }) => sight?.disk.totalBytes)
  gauge('spool_unsent_bytes', 'Whole segments of the spool of which the log has nothing', ({ sight }) => sight?.unsentSpoolBytes)
  gauge('trim_blocked', '1 while it cannot be said what the log may drop', ({ plan }) => (plan?.do === 'blocked' ? 1 : 0))
  counter('purged_messages_total', 'Messages dropped from the log since the start', ({ purgedMessages }) => purgedMessages)
  counter('webhook_failures_total', 'Alerts that the webhook did not take, each tried again', ({ webhookFailures }) => webhookFailures)
  ofBackend('lag_messages', 'Messages of the log above the lowest position of the backend', ({ lagMessages }) => lagMessages)
  ofBackend('lag_seconds', 'Age of the oldest of them', ({ lagSeconds }) => lagSeconds)
  ofBackend(
    'stale_partitions',
    'Partitions whose checkpoint stands still below the log’s end',
    ({ owners }) => owners.filter(({ stillMs }) => stillMs >= LIMITS.stillMs).length,
  )
  new Gauge({
    name: 'ibs_keeper_alert',
    help: '1 for each alert that fires',
    labelNames: ['alert'],
    registers,
    collect() {
      this.reset()
      for (const { alert } of read()?.firing ?? []) this.set({ alert }, 1)
    },
  })

  function counter(name: string, help: string, value: (keeper: Keeper) => number): void {
    new Counter({
      name: `ibs_keeper_${name}`,
      help,
      registers,
      collect() {
        const keeper = read()
        this.reset()
        if (keeper) this.inc(value(keeper))
      },
    })
  }

  function ofBackend(name: string, help: string, value: (sight: NonNullable<Keeper['sight']>['backends'][number]) => number): void {
    new Gauge({
      name: `ibs_keeper_backend_${name}`,
      help,
      labelNames: ['backend'],
      registers,
      collect() {
        this.reset()
        for (const one of read()?.sight?.backends ?? []) this.set({ backend: one.backend }, value(one))
      },
    })
  }
}

export function registerRetentionMetrics(service: Service, retention: RetentionSchedule): void {
  for (const [name, help, read] of [
    ['removed_files_total', 'Files that retention took away since the start', () => retention.removedFiles],
    ['removed_bytes_total', 'What they took on the disk', () => retention.removedBytes],
  ] as const) {
    new Counter({
      name: `ibs_keeper_retention_${name}`,
      help,
      registers: [service.metrics],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
}

/** Absent where there is no archive, and before its first run. */
export function registerArchiveMetrics(service: Service, archive: ArchiveSchedule): void {
  const registers = [service.metrics]
  for (const [name, help, read] of [
    ['local_days', 'Days here that are one sealed file', () => archive.last?.localDays],
    ['days', 'Days in the archive, confirmed there', () => archive.last?.archivedDays],
    ['bytes', 'What they take there', () => archive.last?.archivedBytes],
    [
      'lag_seconds',
      'How long ago the oldest day was sealed that is not archived as it is now',
      () => archive.last && archive.last.lagMs / MS_PER_SECOND,
    ],
    ['failed_runs', 'Runs in a row, up to now, in which something failed', () => archive.last && archive.failedRuns],
  ] as const) {
    new Gauge({
      name: `ibs_keeper_archive_${name}`,
      help,
      registers,
      collect() {
        const now = read()
        if (now === undefined) this.reset()
        else this.set(now)
      },
    })
  }
  for (const [name, help, read] of [
    ['copied_days_total', 'Days copied since the start', () => archive.copiedDays],
    ['copied_bytes_total', 'Bytes sent for them', () => archive.copiedBytes],
    ['failures_total', 'Failures since the start', () => archive.failures],
  ] as const) {
    new Counter({
      name: `ibs_keeper_archive_${name}`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
}
