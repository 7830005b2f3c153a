import type { HouseBackend } from '../layout/backend.ts'

/** Something that was not taken in: a record that cannot be turned, or sound ticks of an hour that has others. */
export interface ImportFault {
  /** The source; for ticks of an hour, `<hour>/<cid>_<tt>`. */
  path: string
  /** From 1, in files of lines. */
  line?: number
  /** In files of messages: byte, of the unpacked content, at which it begins. */
  offsetBytes?: number
  /** Ticks of an hour. */
  ticks?: number
  reason: string
}

/** Where an import is. */
export interface ImportProgress {
  bytes: number
  totalBytes: number
  ticks: number
  faults: number
}

export interface FormReport {
  files: number
  /** On disk, as found (packed files packed). */
  bytes: number
  ticks: number
}

/** What an import did; sizes are measured. */
export interface ImportReport {
  dryRun: boolean
  /** Sources read in this run, by the form of their ticks; files without a tick have none. */
  read: Record<string, FormReport>
  files: number
  bytes: number
  /** Sources that an earlier run took in and that have not changed, and the faults that it found in them. */
  known: { files: number; bytes: number; faults: number }
  ticks: number
  /** Ticks that were in no file before; the others were copies, or were there. */
  added: number
  /** Messages of the sources that are whole but no ticks. */
  others: number
  faults: number
  leftOut: { hours: number; ticks: number }
  /** The imported files of the hours that these sources have ticks in; of the archive: files that got ticks, what they got, and what it grew by. */
  written: Record<HouseBackend, { files: number; bytes: number; ticks: number }>
}

export function emptyReport(dryRun: boolean): ImportReport {
  const none = () => ({ files: 0, bytes: 0, ticks: 0 })
  return {
    dryRun,
    read: {},
    files: 0,
    bytes: 0,
    known: { files: 0, bytes: 0, faults: 0 },
    ticks: 0,
    added: 0,
    others: 0,
    faults: 0,
    leftOut: { hours: 0, ticks: 0 },
    written: { json: none(), pb: none(), parquet: none() },
  }
}
