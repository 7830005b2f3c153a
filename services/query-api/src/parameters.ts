import { isTickType, TICK_TYPES, type TickType, US_PER_HOUR } from '@ib-stream/model'
import { type LiveCursor, parseCursor } from '@ib-stream/tape'
import { z } from 'zod'
import { QueryError } from './errors.ts'
import { FORMATS, type Format, formatFor } from './format.ts'
import { DURATION_FORMS, endOfSecond, type Parsed, parseDuration, parseTime, TIME_FORMS } from './parse-time.ts'

/** One parameter: its rule, what is allowed in words or as a list, and what `/v3/info` says of it. */
interface Parameter {
  rule: z.ZodType
  allowed: string | readonly string[]
  doc: string
  default?: string
}

const MOST_CID = 2 ** 31 - 1
export const DEFAULT_TICK_TYPES: readonly TickType[] = ['bid_ask']
export const DEFAULT_DURATION = '1h'
const DEFAULT_DURATION_US = US_PER_HOUR
const MOST_LIMIT = Number.MAX_SAFE_INTEGER

const wholeNumber = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'is no whole number')
    .transform(Number)
    .refine((value) => value >= from && value <= to, `is not from ${from} to ${to}`)

const parsedBy = (parse: (text: string) => Parsed) =>
  z.string().transform((text, context) => {
    const { us, problem } = parse(text)
    if (us !== undefined) return us
    context.addIssue(problem)
    return z.NEVER
  })

const tickTypes = z.string().transform((text, context): readonly TickType[] => {
  const names = [...new Set(text.split(',').map((part) => part.trim()))]
  const unknown = names.filter((name) => !isTickType(name))
  if (unknown.length === 0) return names.filter(isTickType)
  context.addIssue(`names no tick type with ${unknown.map((name) => `"${name}"`).join(', ')}`)
  return z.NEVER
})

const cursor = z.string().transform((text, context): LiveCursor => {
  const parsed = parseCursor(text)
  if (parsed) return parsed
  context.addIssue('is no event id of this stream')
  return z.NEVER
})

const CID = {
  rule: wholeNumber(1, MOST_CID),
  allowed: `IB contract id, a whole number from 1 to ${MOST_CID}`,
  doc: 'IB contract id.',
}

const TICK_TYPE_LIST = {
  rule: tickTypes,
  allowed: TICK_TYPES,
  doc: 'Tick types, separated by commas; one named twice counts once.',
  default: DEFAULT_TICK_TYPES.join(','),
}

/** Parameters of `GET /v3/buffer/:cid/query`. */
export const HISTORY_PARAMETERS = {
  tick_types: TICK_TYPE_LIST,
  start_time: {
    rule: parsedBy(parseTime),
    allowed: TIME_FORMS,
    doc: 'First moment of the range, on the ticks’ ts. Alone: until now. In a URL the plus of an offset is %2B; a blank is taken for it.',
  },
  end_time: {
    rule: parsedBy(parseTime),
    allowed: TIME_FORMS,
    doc: 'First moment after the range.',
    default: 'now, up to the end of the current second',
  },
  buffer_duration: {
    rule: parsedBy(parseDuration),
    allowed: DURATION_FORMS,
    doc: 'Length of the range: until now, or from start_time, or before end_time; not with both.',
    default: `${DEFAULT_DURATION}, unless start_time is given`,
  },
  format: {
    rule: z.enum(FORMATS, 'is none of the formats'),
    allowed: FORMATS,
    doc: 'Form of the answer; goes before Accept.',
    default: 'json',
  },
  limit: {
    rule: wholeNumber(1, MOST_LIMIT),
    allowed: 'a whole number, 1 or more',
    doc: 'Most ticks; the earliest ones are given.',
    default: 'no limit',
  },
} as const satisfies Record<string, Parameter>

/** Parameters of `GET /v3/stream/:cid/live`. */
export const LIVE_PARAMETERS = {
  tick_types: TICK_TYPE_LIST,
  last_event_id: {
    rule: cursor,
    allowed: 'the id of the last event that was received',
    doc: 'Go on after this event; the header Last-Event-ID goes before it.',
  },
} as const satisfies Record<string, Parameter>

type Values<P extends Record<string, Parameter>> = { -readonly [Name in keyof P]?: z.output<P[Name]['rule']> }

export interface HistoryQuery {
  cid: number
  tickTypes: readonly TickType[]
  startUs: number
  endUs: number
  format: Format
  limit: number | undefined
}

export interface LiveQuery {
  cid: number
  tickTypes: readonly TickType[]
  after: LiveCursor | undefined
}

/** The parts of a request that say what is wanted. */
export interface Asked {
  params: unknown
  query: unknown
  headers: Record<string, string | string[] | undefined>
}

/** @throws QueryError `IBS_QUERY_PARAMETER_INVALID`, `IBS_QUERY_PARAMETER_UNKNOWN`, `IBS_QUERY_RANGE_INVALID`, `IBS_QUERY_FORMAT_UNACCEPTABLE` */
export function parseHistoryQuery({ params, query, headers }: Asked, nowUs: number): HistoryQuery {
  const cid = parseCid(params)
  const values = parseAll(HISTORY_PARAMETERS, query as Record<string, unknown>)
  const range = rangeOf(values, nowUs)
  return {
    cid,
    tickTypes: values.tick_types ?? DEFAULT_TICK_TYPES,
    ...range,
    format: values.format ?? formatFor(single(headers.accept)),
    limit: values.limit,
  }
}

/** @throws QueryError `IBS_QUERY_PARAMETER_INVALID`, `IBS_QUERY_PARAMETER_UNKNOWN` */
export function parseLiveQuery({ params, query, headers }: Asked): LiveQuery {
  const cid = parseCid(params)
  const values = parseAll(LIVE_PARAMETERS, query as Record<string, unknown>)
  const header = single(headers['last-event-id'])
  const after =
    header === undefined || header === '' ? values.last_event_id : parseOne('Last-Event-ID', LIVE_PARAMETERS.last_event_id, header)
  return { cid, tickTypes: values.tick_types ?? DEFAULT_TICK_TYPES, after }
}

const single = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join(',') : header)

const parseCid = (params: unknown): number => parseOne('cid', CID, (params as { cid: string }).cid)

function parseAll<P extends Record<string, Parameter>>(parameters: P, query: Record<string, unknown>): Values<P> {
  const names = Object.keys(parameters)
  const unknown = Object.keys(query).filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new QueryError(
      'IBS_QUERY_PARAMETER_UNKNOWN',
      `there is no parameter ${unknown.map((name) => `"${name}"`).join(', ')}; use ${names.join(', ')}`,
      { field: unknown.join(','), value: query[unknown[0] ?? ''], allowed: names },
    )
  }
  const entries = Object.entries(query).map(([name, value]) => [name, parseOne(name, parameters[name] as Parameter, value)])
  return Object.fromEntries(entries) as Values<P>
}

function parseOne<P extends Parameter>(field: string, { rule, allowed }: P, value: unknown): z.output<P['rule']> {
  const result = rule.safeParse(value)
  if (result.success) return result.data as z.output<P['rule']>
  const problem = Array.isArray(value) ? 'is given more than once' : (result.error.issues[0]?.message ?? 'is wrong')
  const shown = typeof allowed === 'string' ? allowed : `one of ${allowed.join(', ')}`
  throw new QueryError('IBS_QUERY_PARAMETER_INVALID', `${field} ${JSON.stringify(value)} ${problem}; allowed: ${shown}`, {
    field,
    value,
    allowed,
  })
}

function rangeOf(values: Values<typeof HISTORY_PARAMETERS>, nowUs: number): { startUs: number; endUs: number } {
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

const endingAt = (endUs: number, lengthUs: number): { startUs: number; endUs: number } => ({
  startUs: Math.max(0, endUs - lengthUs),
  endUs,
})
