import type { ArrivedLine } from '@ib-stream/bus'
import { EVENT_SUBJECT_PREFIX, isTickType, partitionOf, type RecorderEvent, type TickType } from '@ib-stream/model'
import { formatCursor, type LivePlace } from './cursor.ts'

/** The whole log: the merger needs every message of a batch, so live readers use no narrower filter. */
export const ALL_OF_LOG = '>'

interface Arrived extends LivePlace {
  /** Sequence of its message in the log. */
  seq: number
  /** JSON as ingest wrote it, without newline. */
  line: string
  /** As the log stores it: `ticks.<partition>.<cid>.<tick_type>` or `ib.events.<kind>`. */
  subject: string
  /** To go on after this. */
  cursor: string
}

/** One tick in the order of its arrival. */
export interface LiveTick extends Arrived {
  kind: 'tick'
  cid: number
  tt: TickType
}

/** What happened to the recording, in its place between the ticks. */
export interface LiveEvent extends Arrived {
  kind: 'event'
  event: RecorderEvent
}

export type LiveItem = LiveTick | LiveEvent

/** Undefined for a line that is neither a tick nor a recorder event. */
export function toLiveItem({ line, subject, st, seq, batchSeq }: ArrivedLine, spoolId: string): LiveItem | undefined {
  const arrived = { seq, line, subject, st, batchSeq, cursor: formatCursor({ kind: 'live', spoolId, batchSeq, st }) }
  if (subject.startsWith(EVENT_SUBJECT_PREFIX)) {
    const event = eventOf(line)
    return event && { kind: 'event', ...arrived, event }
  }
  const [, , cid, tt] = subject.split('.')
  return isTickType(tt) ? { kind: 'tick', ...arrived, cid: Number(cid), tt } : undefined
}

/** What a newer ingest writes is passed over by its kind; what is no JSON at all is no event. */
function eventOf(line: string): RecorderEvent | undefined {
  try {
    return JSON.parse(line) as RecorderEvent
  } catch {
    return undefined
  }
}

/** Whether an event concerns a stream; one that names none concerns all. */
export function concerns(event: RecorderEvent, { cids, tts }: { cids: readonly number[]; tts: readonly TickType[] }): boolean {
  if (!('cid' in event)) return true
  return cids.includes(event.cid) && tts.includes(event.tt)
}

/** Subjects in the log of some contracts and tick types. */
export const storedSubjects = (cids: readonly number[], tts: readonly TickType[]): string[] =>
  cids.flatMap((cid) => tts.map((tt) => `ticks.${partitionOf(cid)}.${cid}.${tt}`))
