import { codeOf } from '@ib-stream/model'
import { readState, writeState } from './records.ts'

export interface ArchiveFailure {
  /** The day that it is about, or the record of a date (`manifest/<date>.json`); left out where all are. */
  path?: string
  code: string
  message: string
}

/** What one look at all days found and did. */
export interface ArchiveRun {
  /** µs UTC. */
  startedUs: number
  /** Days here that are one sealed file. */
  localDays: number
  /** Days that are in the bucket and were confirmed there, and their bytes. */
  archivedDays: number
  archivedBytes: number
  copiedDays: number
  copiedBytes: number
  /** How long ago the oldest sealed day that is not archived as it is now was sealed; 0 without one. */
  lagMs: number
  failures: ArchiveFailure[]
}

/** The last run, as it is kept below `.state/archive/`. */
export interface LastRun extends ArchiveRun {
  /** Runs in a row, this one included, in which something failed. */
  failedRuns: number
}

export const emptyRun = (startedUs: number): ArchiveRun => ({
  ...{ startedUs, localDays: 0, archivedDays: 0, archivedBytes: 0, copiedDays: 0, copiedBytes: 0, lagMs: 0 },
  failures: [],
})

export function failureOf(path: string | undefined, error: unknown): ArchiveFailure {
  const words = Error.isError(error) ? error.message : String(error)
  const code = codeOf(error) ?? 'unknown'
  if (path === undefined) return { code, message: words }
  return { path, code, message: words.includes(path) ? words : `${path}: ${words}` } // the system's own words name no record
}

const NAME = 'last-run.json'

export const writeLastRun = (dataDir: string, run: LastRun): Promise<void> => writeState(dataDir, NAME, `${JSON.stringify(run, null, 1)}\n`)

/** What the keeper did last; undefined where it never ran, or where that cannot be read. */
export async function readLastRun(dataDir: string): Promise<LastRun | undefined> {
  const text = await readState(dataDir, NAME)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as LastRun) // ours, whole by renaming
  } catch {
    return undefined // torn by a power cut
  }
}
