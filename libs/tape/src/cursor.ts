import { US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'

/**
 * Place in the order of arrival: first sequence of a batch, then `st`. A message's own sequence would not do: the messages of a batch are merged, so
 * going on after one of them would lose or double the rest of the batch.
 */
export interface LivePlace {
  batchSeq: number
  /** µs UTC. */
  st: number
}

/**
 * Where a live subscriber is: everything up to here was given out. A reader that joins inside a batch (history held the first messages of it) begins its own
 * batch there: `batchSeq` is then the first message that it read.
 */
export interface LiveCursor extends LivePlace {
  kind: 'live'
  /** Whose numbers these are; another recording starts its own. */
  spoolId: string
  /** Of a place that says no time (`st` is −1): ticks received up to then are behind it, µs UTC. From there the files go on once the log has forgotten it. */
  sinceSt?: number
}

/** Where a reader of history that goes on live is: everything up to a tick in query order was given out, of what the log held at `lastSeq`. */
export interface HistoryCursor {
  kind: 'history'
  spoolId: string
  lastSeq: number
  /** The tick, and how many of its stamps were given out; µs UTC. */
  ts: number
  st: number
  k: number
  /** `st` of the newest late tick given out since it went on: one that came after `lastSeq` and lies before the tick. −1: none. */
  lateSt: number
  /** Ticks received up to then were given out before this history began, µs UTC: it stands in for a log that was trimmed. */
  floorSt?: number
  /** Ticks received up to then are those of the log up to `lastSeq`, µs UTC. By it late ticks are found in the files once the log has forgotten them. */
  sinceSt?: number
}

export type Cursor = LiveCursor | HistoryCursor

const LIVE = /^l\.([\w-]{1,64})\.(\d{1,15})\.(\d{1,16}|-1(?:\.(\d{1,16}))?)$/
const HISTORY = /^h\.([\w-]{1,64})\.(\d{1,15})\.(\d{1,16})\.(\d{1,16})\.(\d{1,9})\.(-1|\d{1,16})(?:\.(\d{1,16}))?(?:\.r(\d{1,16}))?$/

/** The cursor as users carry it (SSE `id:`); its form is ours to change. */
export function formatCursor(cursor: Cursor): string {
  if (cursor.kind === 'live') {
    const { spoolId, batchSeq, st, sinceSt } = cursor
    return `l.${spoolId}.${batchSeq}.${st}${st >= 0 || sinceSt === undefined ? '' : `.${sinceSt}`}`
  }
  const { spoolId, lastSeq, ts, st, k, lateSt, floorSt, sinceSt } = cursor
  const times = `${floorSt === undefined ? '' : `.${floorSt}`}${sinceSt === undefined ? '' : `.r${sinceSt}`}`
  return `h.${spoolId}.${lastSeq}.${ts}.${st}.${k}.${lateSt}${times}`
}

/** Undefined for what {@link formatCursor} never made. */
export function parseCursor(text: string): Cursor | undefined {
  const live = LIVE.exec(text)
  if (live) {
    const [, spoolId = '', batchSeq, place = '', sinceSt] = live
    const at = { batchSeq: Number(batchSeq), st: place.startsWith('-1') ? -1 : Number(place) }
    return { kind: 'live', spoolId, ...at, ...(sinceSt === undefined ? {} : { sinceSt: Number(sinceSt) }) }
  }
  const history = HISTORY.exec(text)
  if (!history) return undefined
  const [lastSeq = 0, ts = 0, st = 0, k = 0, lateSt = -1] = history.slice(2, 7).map(Number)
  const floorSt = history[7] === undefined ? {} : { floorSt: Number(history[7]) }
  const sinceSt = history[8] === undefined ? {} : { sinceSt: Number(history[8]) }
  return { kind: 'history', spoolId: history[1] ?? '', lastSeq, ts, st, k, lateSt, ...floorSt, ...sinceSt }
}

/** Where a reader goes on live that has everything up to a sequence of the log. */
export const liveAfter = (spoolId: string, lastSeq: number): LiveCursor => ({ kind: 'live', spoolId, batchSeq: lastSeq + 1, st: -1 })

/** Where a subscriber is that came before there was a log: all of the log is still before it. */
export const BEFORE_ANY_LOG: LiveCursor = { kind: 'live', spoolId: 'none', batchSeq: 0, st: -1 }

/** A place that says no time is taken to be so long before now: what is on its way then is stamped before. */
export const LOOK_BACK_US = 60 * US_PER_SECOND

/**
 * The files are looked at from so long before a live place whose messages are gone: IB's stamps are behind ours, and its history fills gaps hours later. Files that got nothing
 * since are not opened, so a day costs a look at its folders. What is stamped before it is passed over.
 */
export const LATE_AT_MOST_US = US_PER_DAY

/** Order of arrival. */
export const comparePlaces = (a: LivePlace, b: LivePlace): number => a.batchSeq - b.batchSeq || a.st - b.st
