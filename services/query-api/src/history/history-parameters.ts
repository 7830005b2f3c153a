import { type HistoryCursor, parseCursor } from '@ib-stream/tape'
import { flag, oneOf, readBy, wholeNumber } from '../api/parameter.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { FORMATS } from './format.ts'
import { TIME_RANGE } from './time-range.ts'

const MOST_LAST = 100_000

/** Which ticks. */
export const SELECTION = {
  tick_types: TICK_TYPE_LIST,
  ...TIME_RANGE,
  committed: flag({ doc: 'Only what is in files: the log is not asked for newer ticks.' }),
} as const

/** Which ticks, how many, and in which form. */
export const HISTORY_PARAMETERS = {
  ...SELECTION,
  format: oneOf(FORMATS, {
    doc: 'Form of the answer; goes before Accept. parquet takes one contract and one tick type.',
    default: 'what Accept likes best, else json',
  }),
  limit: wholeNumber(1, Number.MAX_SAFE_INTEGER, {
    allowed: 'a whole number, 1 or more',
    doc: 'Most ticks; the earliest ones are given.',
    default: 'no limit',
  }),
  last: wholeNumber(1, MOST_LAST, { doc: 'The last ticks of the range instead, in the same order; not with limit or cursor.' }),
  cursor: readBy<HistoryCursor>(
    (text) => {
      const value = parseCursor(text)
      return value?.kind === 'history' ? { value } : { problem: 'is no cursor of an answer with limit' }
    },
    { allowed: 'what an earlier answer gave as next', doc: 'Go on where an answer with limit ended; give the other parameters again.' },
  ),
  expanded: flag({ doc: 'Long names, and stamps as text besides (not for protobuf and parquet).' }),
} as const
