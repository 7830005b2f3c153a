import type { TickType } from '@ib-stream/model'

/** Where the log begins, said in ticks: what of a partition's files can come from the log again, and what cannot. */
export interface LogFloor {
  /** Last sequence that the log no longer holds; 0 where it holds all. */
  seq: number
  /** Newest `st` of the whole log, µs UTC; 0 while the log is empty. */
  newestStUs: number
  /** `st` of the first tick of each contract and type that the log still holds, µs UTC; see {@link floorKey}. In one subject `st` always rises. */
  firstStUs: ReadonlyMap<string, number>
  /** The recorder events that the log still holds, as lines with their newline: unlike ticks they need not come in order of `st`. */
  events: ReadonlySet<string>
}

export const floorKey = (cid: number, tt: TickType): string => `${cid}.${tt}`
