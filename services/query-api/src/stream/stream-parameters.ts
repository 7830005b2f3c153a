import { DURATION_FORMS, parseDuration, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { type Cursor, parseCursor } from '@ib-stream/tape'
import { type Read, readBy, wholeNumber } from '../api/parameter.ts'

/** After a cursor of a stream. */
export const CURSOR = readBy<Cursor>(
  (text) => {
    const value = parseCursor(text)
    return value === undefined ? { problem: 'is no event id of a stream' } : { value }
  },
  {
    allowed: 'the id of the last event that was received',
    doc: 'Go on after this event, in history or live; the range counts no more then. The header goes before the parameter.',
  },
)

export const LONGEST_TIMEOUT_S = 7 * 24 * 3_600

/** Milliseconds of `90` (seconds), `90s` or `2h30m`. */
export function readTimeoutMs(text: string): Read<number> {
  const { us = Number(text) * US_PER_SECOND, problem } = /^\d{1,7}$/.test(text) ? {} : parseDuration(text)
  if (problem !== undefined) return { problem }
  const isInRange = us >= US_PER_SECOND && us <= LONGEST_TIMEOUT_S * US_PER_SECOND
  return isInRange ? { value: us / US_PER_MS } : { problem: 'is not from one second to seven days' }
}

/** When a stream ends by itself. */
export const STREAM_ENDS = {
  limit: wholeNumber(1, Number.MAX_SAFE_INTEGER, {
    allowed: 'a whole number, 1 or more',
    doc: 'The stream is complete after so many ticks.',
    default: 'no limit',
  }),
  timeout: readBy(readTimeoutMs, {
    allowed: `seconds, or a duration (${DURATION_FORMS}); from 1s to 7d`,
    doc: 'The stream is complete after this time.',
    default: 'none',
  }),
} as const
