import { DURATION_FORMS, endOfSecond, type Parsed, parseDuration, parseTime, TIME_FORMS, US_PER_HOUR } from '@ib-stream/model'
import { type Given, readBy } from '../api/parameter.ts'
import { QueryError } from '../errors.ts'

const DEFAULT_DURATION = '1h'
const DEFAULT_DURATION_US = US_PER_HOUR

const inUs = (parse: (text: string) => Parsed) => (text: string) => {
  const { us, problem } = parse(text)
  return problem === undefined ? { value: us } : { problem }
}

/** Parameters that together name a range of time. */
export const TIME_RANGE = {
  start_time: readBy(inUs(parseTime), {
    allowed: TIME_FORMS,
    doc: 'First moment of the range, on the ticks’ ts. Alone: until now. In a URL the plus of an offset is %2B; a blank is taken for it.',
  }),
  end_time: readBy(inUs(parseTime), {
    allowed: TIME_FORMS,
    doc: 'First moment after the range.',
    default: 'now, up to the end of the current second',
  }),
  buffer_duration: readBy(inUs(parseDuration), {
    allowed: DURATION_FORMS,
    doc: 'Length of the range: until now, or from start_time, or before end_time; not with both.',
    default: `${DEFAULT_DURATION}, unless start_time is given`,
  }),
} as const

/** `[startUs, endUs)` on the ticks' `ts`, µs UTC. */
export interface TimeRange {
  startUs: number
  endUs: number
}

/** @throws QueryError `IBS_QUERY_RANGE_INVALID` */
export function timeRangeOf(values: Given<typeof TIME_RANGE>, nowUs: number): TimeRange {
  const { start_time: startUs, end_time: endUs, buffer_duration: durationUs } = values
  if (startUs !== undefined && endUs !== undefined && durationUs !== undefined) {
    throw new QueryError('IBS_QUERY_RANGE_INVALID', 'start_time, end_time and buffer_duration are one too many; leave one of them out', {
      field: 'buffer_duration',
      value: durationUs,
      allowed: 'two of start_time, end_time, buffer_duration',
    })
  }
  const lengthUs = durationUs ?? DEFAULT_DURATION_US
  const range =
    startUs === undefined
      ? endingAt(endUs ?? endOfSecond(nowUs), lengthUs)
      : { startUs, endUs: endUs ?? (durationUs === undefined ? endOfSecond(nowUs) : startUs + durationUs) }
  if (range.startUs < range.endUs) return range
  throw new QueryError(
    'IBS_QUERY_RANGE_INVALID',
    `the range ends at ${range.endUs} µs, not after its start ${range.startUs} µs; let end_time be after start_time`,
    {
      field: endUs === undefined ? 'start_time' : 'end_time',
      value: endUs ?? startUs,
      allowed: 'end_time after start_time; without end_time the range ends now',
    },
  )
}

const endingAt = (endUs: number, lengthUs: number): TimeRange => ({ startUs: Math.max(0, endUs - lengthUs), endUs })
