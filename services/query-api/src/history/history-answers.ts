import { TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import type { AnswerDoc } from '../api/route.ts'
import { CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { TICK } from '../stream/events.ts'
import { expandedTick } from './expanded.ts'
import { MEDIA_TYPES } from './format.ts'
import { TIME_RANGE_ERRORS } from './time-range.ts'

/** What the JSON object has around the ticks, besides what it says of contracts. */
const AROUND = {
  tick_types: z.array(z.enum(TICK_TYPES)),
  format: z.literal('json'),
  time_range: z.strictObject({ start: z.string(), end: z.string() }),
  messages: z.array(z.union([TICK, expandedTick])),
  total_messages: z.int(),
  next: z.string().optional().describe('Cursor to go on, where limit left ticks out'),
}

const HEADERS = {
  'ibs-tail': 'not_needed, read, left_out or unavailable: whether the log was needed to complete the answer, and answered',
  'ibs-position': 'Where the answer ends in the log: as last_event_id of a live stream it goes on without a seam',
  'ibs-next': 'Cursor to go on, where limit left ticks out; a trailer where limit is above 20000',
  'ibs-removed-ticks': 'So many ticks of the range were taken away by retention',
  'ibs-session-source': 'told, or pattern where the hours of the session were taken from another week',
  'ibs-ticks': 'HEAD only: how many ticks the range has',
  'ibs-bytes': 'HEAD only: bytes of their records in the files',
  etag: 'Of a range of closed hours',
}

/** Answers of a route that gives ticks. */
export const historyAnswers = (contracts: z.ZodRawShape, id: string): Readonly<Record<number, AnswerDoc>> => ({
  200: {
    doc: 'The ticks in query order.',
    content: {
      [MEDIA_TYPES.json]: z.strictObject({ ...contracts, ...AROUND }).meta({ id }),
      [MEDIA_TYPES.ndjson]: 'text',
      [MEDIA_TYPES.csv]: 'text',
      [MEDIA_TYPES.protobuf]: 'bytes',
      [MEDIA_TYPES.arrow]: 'bytes',
      [MEDIA_TYPES.parquet]: 'bytes',
    },
    headers: HEADERS,
  },
  304: { doc: 'As If-None-Match has it.', headers: { etag: HEADERS.etag } },
})

export const HISTORY_ERRORS = [
  ...CONTRACT_ERRORS,
  ...TIME_RANGE_ERRORS,
  'IBS_QUERY_FORMAT_UNACCEPTABLE',
  'IBS_TAPE_TAIL_GONE',
  'IBS_TAPE_TAIL_TOO_LONG',
] as const
