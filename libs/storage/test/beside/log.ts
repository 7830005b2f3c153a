import { hash31, hourOf, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'

/** The two contracts of this log, in partitions 9 and 2; each partition has message numbers of its own. */
export const CIDS = [8314, 265598] as const
export const START_US = hourOf(1753884000_000000)
/** A day of the log passes in some seconds. */
const STEP_US = 60 * US_PER_SECOND

/** Message `seq` of a contract's log, one tick, the same in every process: now and then late, by minutes or by up to two days. */
export function tickAt(cid: number, seq: number): TickMessage {
  const random = hash31(cid + seq * 65_537, 'last')
  const st = START_US + seq * STEP_US + (random % 1_000)
  const lateUs = random % 11 === 0 ? (random % 48) * US_PER_HOUR : random % 7 === 0 ? (random % 600) * US_PER_SECOND : 0
  const ts = Math.max(START_US, Math.floor((st - lateUs) / US_PER_SECOND) * US_PER_SECOND)
  const tt = random % 3 === 0 ? ('last' as const) : ('bid_ask' as const)
  const core = { ts, st, cid, rid: hash31(cid, tt) }
  return tt === 'last' ? { ...core, tt, p: 100 + (random % 9), s: seq } : { ...core, tt, bp: 99, bs: seq, ap: 101, as: random % 50 }
}
