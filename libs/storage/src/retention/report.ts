import type { TickType } from '@ib-stream/model'
import type { Backend } from '../layout/backend.ts'
import type { Unreachable } from '../verify/verify.ts'
import type { KeepByBackend } from './keep.ts'
import type { DueBecause, StayWord } from './plan-day.ts'

export interface RetentionOptions {
  dataDir: string
  /** How much of each backend is kept. One without a limit is not touched. */
  keep: KeepByBackend
  /** Backends that may be known to hold an hour as well. Default: those that the engine brings. */
  backends?: readonly Backend[]
  /** Take hours too that no longer-kept backend is known to hold: these ticks are gone then. */
  unconfirmed?: boolean
  /** Decide everything, remove nothing. */
  dryRun?: boolean
  /** µs UTC. Default: the clock. */
  nowUs?: number
  /** Told of each day of a backend that was due and has something. */
  onDay?: (day: RetainedDay) => void
  /** Told before each such day is looked at. */
  onProgress?: (progress: RetentionProgress) => void
  /** Looked at before each day and each copy; its reason is thrown. */
  signal?: AbortSignal
}

export interface RetentionProgress {
  backend: Backend
  dayUs: number
  /** Counted from 1, of all days that the backend has. */
  day: number
  days: number
}

/** What went (in a dry run: would go). */
export interface Removed {
  /** Hours of a contract and tick type. */
  hours: number
  files: number
  ticks: number
  /** What they took on the disk. */
  diskBytes: number
}

export interface RetainedDay {
  backend: Backend
  dayUs: number
  why: DueBecause
  removed: Removed
  stays: readonly { cid: number; tt: TickType; hourUs: number; because: StayWord }[]
}

export interface RetentionReport {
  removed: Readonly<Removed>
  /** Hours that were due and stayed, by why. */
  stayed: Readonly<Record<StayWord, number>>
  /** Partitions whose files could not be removed. */
  unreachable: readonly Unreachable[]
}

export interface RetentionCounts extends RetentionReport {
  removed: Removed
  stayed: Record<StayWord, number>
  unreachable: Unreachable[]
}

export const emptyCounts = (): RetentionCounts => ({
  removed: { hours: 0, files: 0, ticks: 0, diskBytes: 0 },
  stayed: { open: 0, unknown: 0, differs: 0, unconfirmed: 0, copy_damaged: 0 },
  unreachable: [],
})
