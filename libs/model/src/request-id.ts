import { createHash } from 'node:crypto'
import type { TickType } from './tick.ts'

/**
 * Request id of a subscription, which is also the id sent to IB: first four bytes, big-endian, of md5("<cid>_<tt>"), without the sign bit.
 * The same contract and type have the same id in every run, so a line of the TWS log finds its ticks.
 */
export function hash31(cid: number, tt: TickType): number {
  return createHash('md5').update(`${cid}_${tt}`).digest().readUInt32BE(0) & 0x7fffffff
}
