/** Subject under which services say what a person may want to know of their work: `ib.ops.<kind>`, straight into the stream EVENTS. */
export const OPS_SUBJECT_PREFIX = 'ib.ops.'

interface Base {
  /** When it was noticed, µs UTC. */
  st: number
  /** Service that says it. */
  service: string
}

interface OfPartition extends Base {
  backend: string
  partition: number | 'events'
}

/** The log no longer held messages that this backend had not yet written: its files lack what they had of the partition. */
export interface LogGapEvent extends OfPartition {
  kind: 'log_gap'
  /** First and last log sequence that are missing. */
  fromSeq: number
  toSeq: number
  /** Newest `st` written before the hole, µs UTC; 0 when nothing was. */
  fromUs: number
}

/** The checkpoint of a partition was lost and made anew from its files and the log. */
export interface CheckpointRebuiltEvent extends OfPartition {
  kind: 'checkpoint_rebuilt'
  /** `older`: one from before its files was put back. */
  why: 'damaged' | 'missing' | 'older'
  /** Position gone on from. Below `floorSeq`, the last sequence that the log no longer holds, a `log_gap` follows, or another backend fills the hole. */
  seq: number
  floorSeq: number
  /** Files cut back to what the log no longer holds; the log then gave the rest again. */
  cutFiles: number
}

/** A backend took from another one's files what the log no longer held: it was switched on later, or was away for longer than the log keeps. */
export interface SeededEvent extends OfPartition {
  kind: 'seeded'
  /** Backend whose files were read; `EVENTS` for the recorder's events, which that stream keeps. */
  from: string
  /** First and last log sequence that came so. */
  fromSeq: number
  toSeq: number
  ticks: number
  files: number
  /** Files that were left as they are, for they do not begin as the other backend's do. */
  different: readonly string[]
}

/** The lock of a partition is held and its checkpoint does not move although the log does: its owner is frozen or hangs. */
export interface OwnerStaleEvent extends OfPartition {
  kind: 'owner_stale'
  /** Where its checkpoint stands, and where the log did. */
  seq: number
  logSeq: number
  staleSeconds: number
}

/** Something needs a person, or no longer does. */
export interface AlertEvent extends Base {
  kind: 'alert'
  state: 'firing' | 'resolved'
  /** What it is about, e.g. `disk_low`, `writer_lag json`. */
  alert: string
  summary: string
}

/** The publisher of the log is in trouble, or met something that must not be there. */
export interface PublisherTroubleEvent extends Base {
  kind: 'publisher'
  /** `sending`: the trouble is over. */
  what:
    | 'log_full'
    | 'refused'
    | 'spool_full'
    | 'spool_failed'
    | 'spool_slow'
    | 'foreign'
    | 'displaced'
    | 'rolled_back'
    | 'refill'
    | 'sending'
  /** How often it happened since it was last said. */
  times: number
  /** Of a state, in words. */
  reason?: string
  /** First and last log sequence that it is about. */
  fromSeq?: number
  toSeq?: number
}

export type OpsEvent = LogGapEvent | CheckpointRebuiltEvent | SeededEvent | OwnerStaleEvent | AlertEvent | PublisherTroubleEvent

export const opsSubject = (kind: OpsEvent['kind']): string => `${OPS_SUBJECT_PREFIX}${kind}`
