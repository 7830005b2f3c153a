import type { ArrivedLine } from '@ib-stream/bus'
import { isTickType, partitionOf, type TickType } from '@ib-stream/model'
import { formatCursor, type LivePlace } from './cursor.ts'

/** All ticks as the log stores them. The merger needs every message of a batch, so live readers use no narrower filter. */
export const ALL_TICKS = 'ticks.>'

/** One tick in the order of its arrival. */
export interface LiveTick extends LivePlace {
  /** The v3 JSON as ingest wrote it, without newline. */
  line: string
  cid: number
  tt: TickType
  /** As the log stores it: `ticks.<partition>.<cid>.<tick_type>`. */
  subject: string
  /** To go on after this tick. */
  cursor: string
}

/** Undefined for a line whose subject is no tick's. */
export function toLiveTick({ line, subject, st, batchSeq }: ArrivedLine, spoolId: string): LiveTick | undefined {
  const [, , cid, tt] = subject.split('.')
  if (!isTickType(tt)) return undefined
  return { line, cid: Number(cid), tt, subject, st, batchSeq, cursor: formatCursor({ spoolId, batchSeq, st }) }
}

/** Subjects in the log of some contracts and tick types. */
export function storedSubjects(cids: readonly number[], tts: readonly TickType[]): Set<string> {
  return new Set(cids.flatMap((cid) => tts.map((tt) => `ticks.${partitionOf(cid)}.${cid}.${tt}`)))
}
