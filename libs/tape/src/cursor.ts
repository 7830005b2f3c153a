/**
 * Place in the order of arrival: first sequence of a batch, then `st`. A message's own sequence would not do: the messages of a batch are merged, so
 * going on after one of them would lose or double the rest of the batch.
 */
export interface LivePlace {
  batchSeq: number
  /** µs UTC. */
  st: number
}

/** Where a live subscriber is: everything up to here was given out. */
export interface LiveCursor extends LivePlace {
  /** Whose numbers these are; another recording starts its own. */
  spoolId: string
}

const FORM = /^l\.([\w-]{1,64})\.(\d{1,15})\.(\d{1,16})$/

/** The cursor as users carry it (SSE `id:`); its form is ours to change. */
export const formatCursor = ({ spoolId, batchSeq, st }: LiveCursor): string => `l.${spoolId}.${batchSeq}.${st}`

/** Undefined for what {@link formatCursor} never made. */
export function parseCursor(text: string): LiveCursor | undefined {
  const [, spoolId, batchSeq, st] = FORM.exec(text) ?? []
  return spoolId === undefined ? undefined : { spoolId, batchSeq: Number(batchSeq), st: Number(st) }
}

/** Order of arrival. */
export const comparePlaces = (a: LivePlace, b: LivePlace): number => a.batchSeq - b.batchSeq || a.st - b.st
