import { type ContractCalendar, completenessBySession, type HoursKind, percentOf } from '@ib-stream/calendar'
import { GAP_CAUSES, isoFromUs, TICK_TYPES, type TickType, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { type StreamLedger, streamLedgers, type TimeRange, uncertainTimes } from '@ib-stream/tape'
import { z } from 'zod'
import { oneOf } from '../api/parameter.ts'
import { defineRoute } from '../api/route.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { patternedOver } from '../contracts/patterned-hours.ts'
import { QueryError } from '../errors.ts'
import { TIME_RANGE, TIME_RANGE_ERRORS, timeRangeOf } from '../history/time-range.ts'
import { LEDGER_KINDS, recorderEvents } from '../recording/recorder-events.ts'

const SHARE = {
  seconds: z.number().describe('That should have been recorded'),
  certain_seconds: z.number().describe('Of them recorded, outside of gaps or with the gap filled'),
  percent: z.number().nullable().describe('Never rounded up; null where there is nothing to record'),
}
const SPAN = z.strictObject({ from: z.string(), to: z.string() })

const SESSION = z.strictObject({
  date: z.string().describe('Trading date'),
  source: z.enum(['told', 'pattern']).describe('pattern: IB has not told, the hours are those of the weekday'),
  ...SHARE,
})
const OF_TYPE = z.strictObject({
  ...SHARE,
  sessions: z.array(SESSION).describe('None with hours=always'),
  recorded: z.array(SPAN).describe('When it was recorded at all, gaps within'),
  gaps: z.array(
    z.strictObject({
      ...SPAN.shape,
      seconds: z.number(),
      cause: z.enum(GAP_CAUSES),
      reason: z.string(),
      is_open: z.boolean(),
      filled: z.enum(['filled', 'partly', 'unavailable']).nullable(),
    }),
  ),
})

const COVERAGE = z
  .strictObject({
    contract_id: z.int(),
    time_range: z.strictObject({ start: z.string(), end: z.string() }).describe('What lies in the future is left out'),
    hours: z.enum(['regular', 'full', 'always']),
    tick_types: z.partialRecord(z.enum(TICK_TYPES), OF_TYPE),
  })
  .meta({ id: 'Coverage' })

/** Sessions of more days are not worked out at once. */
const MOST_DAYS = 400

export const getCoverage = defineRoute({
  path: '/v3/coverage/{cid}',
  id: 'getCoverage',
  tag: 'truth',
  summary: 'How much of each session of a contract was recorded with certainty, in percent, and what is missing and why',
  pathParameters: { cid: CONTRACT },
  query: {
    tick_types: { ...TICK_TYPE_LIST, default: 'all that were ever recorded' },
    ...TIME_RANGE,
    hours: oneOf(['regular', 'full', 'always'], {
      doc: 'Which hours count: the regular ones, the full ones with what comes before and after, or each hour of the range.',
      default: 'full',
    }),
  },
  answers: { 200: { doc: 'By tick type.', content: { 'application/json': COVERAGE } } },
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS, 'IBS_TAPE_LOG_AWAY'],
  handle: async ({ path, query, request, gone }, deps): Promise<z.output<typeof COVERAGE>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const { hours = 'full', tick_types: wanted, ...times } = query
    const nowUs = deps.nowUs()
    const given = request.query as Record<string, unknown>
    const kind = hours === 'always' ? undefined : hours
    const asked = await timeRangeOf({ ...times, hours: kind ?? 'full' }, { nowUs, contracts: deps.contracts, cid, given })
    const range = { fromUs: Math.min(asked.startUs, nowUs), untilUs: Math.min(asked.endUs, nowUs) }
    if (kind && range.untilUs - range.fromUs > MOST_DAYS * US_PER_DAY) throw tooLong(given.start_time)
    const calendar = kind && patternedOver(await deps.contracts.calendar(cid), range)
    const ledgers = streamLedgers(await recorderEvents(deps, LEDGER_KINDS, gone), nowUs).filter((ledger) => ledger.cid === cid)
    const ofType = (tt: TickType) => ledgers.find((ledger) => ledger.tt === tt) ?? { cid, tt, recorded: [], gaps: [], asked: [] }
    const tts = wanted ?? ledgers.map(({ tt }) => tt)
    return {
      contract_id: cid,
      time_range: { start: isoFromUs(range.fromUs), end: isoFromUs(range.untilUs) },
      hours,
      tick_types: Object.fromEntries(tts.map((tt) => [tt, coverageOf(ofType(tt), range, calendar && { calendar, kind })])),
    }
  },
})

function coverageOf(
  stream: StreamLedger,
  range: TimeRange,
  hours: { calendar: ContractCalendar; kind: HoursKind } | undefined,
): z.output<typeof OF_TYPE> {
  const holes = range.fromUs < range.untilUs ? uncertainTimes(stream, range) : []
  const sessions =
    hours && range.fromUs < range.untilUs
      ? completenessBySession(hours.calendar, hours.kind, range, holes).map(({ session, sessionUs, certainUs }) => ({
          date: session.date,
          source: session.source,
          sessionUs,
          certainUs,
        }))
      : []
  const rangeUs = range.untilUs - range.fromUs
  const whole = hours
    ? { sessionUs: sumOf(sessions, 'sessionUs'), certainUs: sumOf(sessions, 'certainUs') }
    : { sessionUs: rangeUs, certainUs: rangeUs - holes.reduce((sum, hole) => sum + hole.untilUs - hole.fromUs, 0) }
  return {
    ...shareOf(whole),
    sessions: sessions.map(({ date, source, ...times }) => ({ date, source, ...shareOf(times) })),
    recorded: stream.recorded.flatMap((span) => cut(span, range)).map(spanOf),
    gaps: stream.gaps.flatMap((gap) =>
      cut(gap, range).map((span) => ({
        ...spanOf(span),
        seconds: (span.untilUs - span.fromUs) / US_PER_SECOND,
        cause: gap.cause,
        reason: gap.reason,
        is_open: gap.isOpen,
        filled: gap.fill?.state ?? null,
      })),
    ),
  }
}

interface Times {
  sessionUs: number
  certainUs: number
}

const sumOf = (times: readonly Times[], field: keyof Times): number => times.reduce((sum, one) => sum + one[field], 0)

const shareOf = ({ sessionUs, certainUs }: Times) => ({
  seconds: sessionUs / US_PER_SECOND,
  certain_seconds: certainUs / US_PER_SECOND,
  percent: percentOf({ sessionUs, certainUs }),
})

const spanOf = ({ fromUs, untilUs }: TimeRange) => ({ from: isoFromUs(fromUs), to: isoFromUs(untilUs) })

function cut({ fromUs, untilUs }: TimeRange, range: TimeRange): TimeRange[] {
  const span = { fromUs: Math.max(fromUs, range.fromUs), untilUs: Math.min(untilUs, range.untilUs) }
  return span.fromUs < span.untilUs ? [span] : []
}

function tooLong(value: unknown): QueryError {
  return new QueryError(
    'IBS_QUERY_RANGE_INVALID',
    `the range has more than ${MOST_DAYS} days; ask for a shorter one, or with hours=always`,
    {
      field: 'start_time',
      value,
      allowed: `up to ${MOST_DAYS} days before its end`,
    },
  )
}
