import type { PartitionId } from '@ib-stream/storage'

/**
 * `recovering`: between lock and log; `seeding`: what the log no longer holds is taken from another backend's files; `following`; `holding`: the log ends below our position or is not ours, nothing is taken; `lent`: its files are worked on by request
 * (repair, import), the log waits; `stalled`: the disk takes no
 * writes, the lock is kept and nothing more is taken; `released`.
 */
export type PartitionState = 'recovering' | 'seeding' | 'following' | 'holding' | 'lent' | 'stalled' | 'released'

/** What the owner of a partition says of it, for health, metrics and whoever asks over the bus. */
export interface PartitionStatus {
  partition: PartitionId
  state: PartitionState
  reason: string
  /** Last log sequence taken; it is in the files or waits for the next commit. */
  seq: number
  /** Last log sequence that survives a power cut. */
  durableSeq: number
  /** Messages of this partition that the log has and we have not taken, as last seen. */
  lagMessages: number
  /** Age of the newest tick taken while `lagMessages` is above 0, else 0. */
  lagSeconds: number
  /** Since the last commit that went well. */
  checkpointAgeSeconds: number
  /** Written since the lock was taken. */
  bytes: number
  /** Files that still grow. */
  openFiles: number
}
