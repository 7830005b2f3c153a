import { type ImportedHour, type ImportJob, importHour } from '../import/import-hour.ts'
import type { Backend } from '../layout/backend.ts'
import { type RepairOutcome, repairPartition } from '../repair/repair.ts'
import { offlineRemover } from '../retention/file-remover.ts'
import type { KeepByBackend } from '../retention/keep.ts'
import type { RetainedDay, RetentionReport } from '../retention/report.ts'
import { retainPartition } from '../retention/retain.ts'
import type { PartitionStore, PartitionWork } from '../segment/partition-store.ts'
import type { Unreachable } from '../verify/verify.ts'

/** Work on the files of one partition of one backend, as plain data: it is sent to its owner, or done under its lock. */
export type PartitionJob = RepairJob | RetentionJob | ImportJob

export interface RepairJob {
  do: 'repair'
  startUs?: number
  endUs?: number
  dryRun?: boolean
}

export interface RetentionJob {
  do: 'retention'
  keep: KeepByBackend
  /** Backends that are read, and so may be known to hold an hour as well. Default: as `retain`. */
  backends?: readonly Backend[]
  /** Hours may go that no longer-kept backend holds. */
  unconfirmed?: boolean
  dryRun?: boolean
  /** µs UTC; default: the clock. */
  nowUs?: number
}

/** What is told on the way: of `repair` each outcome, of `retention` each day. */
export type Said = RepairOutcome | RetainedDay

export interface JobOptions {
  dataDir: string
  say: (said: Said) => void
  signal: AbortSignal
}

/** What is left to say in the end; of `retention` its whole report, of `import` the file that was made. */
export type JobResult<Job extends PartitionJob = PartitionJob> = Job extends ImportJob
  ? ImportedHour
  : Job extends RepairJob
    ? { unreachable: readonly Unreachable[] }
    : { unreachable: readonly Unreachable[] } | RetentionReport

/** Does it for the owner of an open store, who has committed and takes nothing meanwhile. @throws what the work throws */
export function doJob(store: PartitionStore, at: OfStore, job: PartitionJob, options: JobOptions): Promise<JobResult> {
  return job.do === 'retention' ? retainOne({ ...at, store }, job, options) : store.lend((work) => doJobOffline(work, job, options))
}

type OfStore = Pick<PartitionWork, 'backend' | 'partition'>

/** Does it for whoever holds the lock of a partition that nobody else owns. @throws what the work throws */
export async function doJobOffline(work: PartitionWork, job: PartitionJob, options: JobOptions): Promise<JobResult> {
  if (job.do === 'repair') return await repairOne(work, job, options)
  if (job.do === 'import') return await importHour(work, job, options.dataDir)
  const { partition } = work
  if (partition === 'events') return NOTHING_TO_RETAIN
  const store = await offlineRemover({ ...work, partition, checkLock: () => work.checkLocks() })
  return await retainOne({ ...work, store }, job, options)
}

async function repairOne(work: PartitionWork, { do: _do, ...asked }: RepairJob, { dataDir, say, signal }: JobOptions): Promise<JobResult> {
  const { unreachable } = await repairPartition(work, { dataDir, ...asked, onOutcome: say, signal })
  return { unreachable }
}

async function retainOne(
  { store, backend, partition }: OfStore & { store: Pick<PartitionStore, 'removeFiles'> },
  { do: _do, ...asked }: RetentionJob,
  { dataDir, say, signal }: JobOptions,
): Promise<JobResult> {
  if (partition === 'events') return NOTHING_TO_RETAIN
  return await retainPartition({ store, backend, partition }, { dataDir, ...asked, onDay: say, signal })
}

/** Recorder events are kept for ever. */
const NOTHING_TO_RETAIN: JobResult = { unreachable: [] }
