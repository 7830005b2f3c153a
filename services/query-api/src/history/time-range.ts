import {
  type AskedRange,
  HOURS_KINDS,
  isRange,
  MOMENT_FORMS,
  parseMoment,
  parseSession,
  parseZone,
  type RangeProblem,
  resolveRange,
  SESSION_FORMS,
  type TimeRange,
  ZONE_FORMS,
} from '@ib-stream/calendar'
import { DURATION_FORMS, parseDuration } from '@ib-stream/model'
import { type Given, oneOf, type Read, readBy } from '../api/parameter.ts'
import { FILES_ERRORS } from '../api/problem-table.ts'
import type { ContractDirectory } from '../contracts/contract-directory.ts'
import { QueryError } from '../errors.ts'

const readDuration = (text: string): Read<number> => {
  const { us, problem } = parseDuration(text)
  return problem === undefined ? { value: us } : { problem }
}

/** Parameters that together name a range of time. */
export const TIME_RANGE = {
  start_time: readBy(parseMoment, {
    allowed: MOMENT_FORMS,
    doc: 'First moment of the range, on the ticks’ ts. Alone: until now. In a URL the plus of an offset is %2B; a blank is taken for it.',
  }),
  end_time: readBy(parseMoment, {
    allowed: MOMENT_FORMS,
    doc: 'First moment after the range.',
    default: 'now, up to the end of the current second',
  }),
  buffer_duration: readBy(readDuration, {
    allowed: DURATION_FORMS,
    doc: 'Length of the range: until now, or from start_time, or before end_time; not with both.',
    default: '1h, unless start_time is given',
  }),
  session: readBy(parseSession, { allowed: SESSION_FORMS, doc: 'A whole session of the contract, in place of the three others.' }),
  hours: oneOf(HOURS_KINDS, {
    doc: 'Which hours session, session_start and yesterday_close go by: the regular ones, or the full ones with what comes before and after.',
    default: 'regular',
  }),
  tz: readBy(parseZone, {
    allowed: ZONE_FORMS,
    doc: 'Zone of times without their own, of midnight and of week_start.',
    default: 'UTC for midnight and week_start; a time without its zone is refused',
  }),
} as const

const NAMES: Readonly<Record<keyof AskedRange, keyof typeof TIME_RANGE>> = {
  start: 'start_time',
  end: 'end_time',
  durationUs: 'buffer_duration',
  session: 'session',
  hours: 'hours',
  zone: 'tz',
}

export interface TimeRangeContext {
  nowUs: number
  contracts: ContractDirectory
  /** Whose hours count; undefined where several contracts are asked for. */
  cid: number | undefined
  /** The text of each parameter, for what is said of it. */
  given: Readonly<Record<string, unknown>>
}

/** Values of {@link TIME_RANGE}, each left out or undefined where it is not given. */
export type AskedTimes = { [Name in keyof typeof TIME_RANGE]?: Given<typeof TIME_RANGE>[Name] | undefined }

/**
 * The range that is meant; the contract's hours are looked up where they are needed.
 * @throws QueryError `IBS_QUERY_RANGE_INVALID`, `IBS_QUERY_SESSION_UNKNOWN`, `IBS_QUERY_PARAMETER_INVALID`, and those of {@link ContractDirectory}
 */
export async function timeRangeOf(values: AskedTimes, context: TimeRangeContext): Promise<TimeRange> {
  const { nowUs, contracts, cid, given } = context
  const asked: AskedRange = {
    start: values.start_time,
    end: values.end_time,
    durationUs: values.buffer_duration,
    session: values.session,
    hours: values.hours,
    zone: values.tz,
  }
  const first = resolveRange(asked, { nowUs })
  const needsHours = !isRange(first) && first.why === 'needs_calendar' && cid !== undefined
  const range = needsHours ? resolveRange(asked, { nowUs, calendar: await contracts.calendar(cid) }) : first
  if (isRange(range)) return range
  throw rangeError(range, given[NAMES[range.field]])
}

/**
 * Where a stream begins that goes on into the present, µs UTC: a start may lie anywhere, a length is until now.
 * @throws QueryError as {@link timeRangeOf}
 */
export async function beginningOf(values: Omit<AskedTimes, 'end_time'>, context: TimeRangeContext): Promise<number> {
  const end_time = values.start_time === undefined ? undefined : ({ kind: 'instant', us: Number.MAX_SAFE_INTEGER } as const)
  return (await timeRangeOf({ ...values, end_time }, context)).startUs
}

const CODES = {
  contradiction: 'IBS_QUERY_RANGE_INVALID',
  unknown: 'IBS_QUERY_SESSION_UNKNOWN',
  needs_zone: 'IBS_QUERY_PARAMETER_INVALID',
  needs_calendar: 'IBS_QUERY_RANGE_INVALID',
} as const satisfies Record<RangeProblem['why'], string>

function rangeError({ field, problem, allowed, why }: RangeProblem, value: unknown): QueryError {
  const name = NAMES[field]
  return new QueryError(CODES[why], `${name} ${JSON.stringify(value)} ${problem}; allowed: ${allowed}`, { field: name, value, allowed })
}

/** Errors of a route with these parameters. */
export const TIME_RANGE_ERRORS = [
  ...FILES_ERRORS,
  'IBS_QUERY_RANGE_INVALID',
  'IBS_QUERY_SESSION_UNKNOWN',
  'IBS_QUERY_CONTRACT_UNKNOWN',
  'IBS_QUERY_CONTRACT_UNAVAILABLE',
] as const
