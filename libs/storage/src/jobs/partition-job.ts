import { StorageError } from '../errors.ts'
import { type RepairOutcome, repairPartition } from '../repair/repair.ts'
import type { PartitionWork } from '../segment/partition-store.ts'
import type { Unreachable } from '../verify/verify.ts'

/** Work on the files of one partition of one backend, as plain data: it is sent to its owner, or done under its lock. */
export type PartitionJob = RepairJob

export interface RepairJob {
  do: 'repair'
  startUs?: number
  endUs?: number
  dryRun?: boolean
}

/** What is told on the way: of `repair` each outcome. */
export type Said = RepairOutcome

export interface JobOptions {
  dataDir: string
  say: (said: Said) => void
  signal: AbortSignal
}

/** What is left to say in the end. */
export interface JobResult {
  unreachable: readonly Unreachable[]
}

/** Does it, for whoever holds the partition. @throws what the work throws */
export async function doJob(work: PartitionWork, job: PartitionJob, { dataDir, say, signal }: JobOptions): Promise<JobResult> {
  const { do: _do, ...options } = job
  const { unreachable } = await repairPartition(work, { dataDir, ...options, onOutcome: say, signal })
  return { unreachable }
}

/** @throws StorageError `IBS_STORAGE_JOB_INVALID` naming the field */
export function parseJob(value: unknown): PartitionJob {
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const { do: what, startUs, endUs, dryRun } = fields
  if (what !== 'repair') throw invalid('do', what, 'must be "repair"')
  if (!isOptional(startUs, 'number')) throw invalid('startUs', startUs, 'must be µs since 1970')
  if (!isOptional(endUs, 'number')) throw invalid('endUs', endUs, 'must be µs since 1970')
  if (!isOptional(dryRun, 'boolean')) throw invalid('dryRun', dryRun, 'must be true or false')
  return {
    do: what,
    ...(typeof startUs === 'number' ? { startUs } : {}),
    ...(typeof endUs === 'number' ? { endUs } : {}),
    ...(typeof dryRun === 'boolean' ? { dryRun } : {}),
  }
}

const isOptional = (value: unknown, type: 'number' | 'boolean'): boolean => value === undefined || typeof value === type

const invalid = (field: string, value: unknown, rule: string): StorageError =>
  new StorageError('IBS_STORAGE_JOB_INVALID', `${field} is ${JSON.stringify(value)}; it ${rule}`, { field, value })
