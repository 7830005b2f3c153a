import { addDays, isDay, MARKET_STATUSES, marketState, type ScheduleDay, schedule, withWeeklyPattern } from '@ib-stream/calendar'
import { type ContractQuery, isoFromUs, SEC_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { type Given, oneOf, type Parameters, readBy, wholeNumber } from '../api/parameter.ts'
import { defineRoute, type Route, type RouteDeps } from '../api/route.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { contractSchema } from '../contracts/contract-schema.ts'

const FOUND = z
  .strictObject({
    contracts: z.array(contractSchema),
    cached: z.boolean().describe('Not asked of IB anew'),
    age_seconds: z.number().describe('How old the oldest of it is'),
  })
  .meta({ id: 'ContractsFound' })

const SYMBOL = readBy<string>(
  (text) => (/^[A-Za-z0-9][\w .&-]{0,31}$/.test(text) ? { value: text.toUpperCase() } : { problem: 'is no symbol' }),
  { allowed: '1 to 32 letters, digits, blanks, dots, & and -', doc: 'Symbol, as IB spells it.' },
)
const lookUp = async (deps: RouteDeps, query: ContractQuery): Promise<z.output<typeof FOUND>> => {
  const { contracts, cached, ageSeconds } = await deps.contracts.lookUp(query)
  return { contracts, cached, age_seconds: ageSeconds }
}

/** What the two look-ups have in common. */
const LOOK_UP = {
  tag: 'contracts',
  answers: { 200: { doc: 'What IB says of each.', content: { 'application/json': FOUND } } },
  errors: CONTRACT_ERRORS,
} as const

export const lookUpSymbol = defineRoute({
  ...LOOK_UP,
  path: '/v3/contracts/lookup/{symbol}',
  id: 'lookUpSymbol',
  summary: 'Every contract that IB has under a symbol',
  pathParameters: { symbol: SYMBOL },
  handle: ({ path }, deps) => lookUp(deps, { symbol: path.symbol }),
})

export const lookUpSymbolOfType = defineRoute({
  ...LOOK_UP,
  path: '/v3/contracts/lookup/{symbol}/{sec_type}',
  id: 'lookUpSymbolOfType',
  summary: 'Every contract of a type that IB has under a symbol',
  pathParameters: { symbol: SYMBOL, sec_type: oneOf(SEC_TYPES, { doc: 'Type of contract.' }) },
  handle: ({ path }, deps) => lookUp(deps, { symbol: path.symbol, secType: path.sec_type }),
})

/** A route about one contract, which is named in its path. */
function aboutContract<Answer extends z.ZodType, Query extends Parameters = Record<never, never>>(spec: {
  path: string
  id: string
  summary: string
  query?: Query
  answer: Answer
  doc: string
  give(cid: number, deps: RouteDeps, query: Given<Query>): Promise<z.output<Answer>>
}): Route {
  const { path, id, summary, query, answer, doc, give } = spec
  return defineRoute({
    path,
    id,
    tag: 'contracts',
    summary,
    pathParameters: { cid: CONTRACT },
    ...(query && { query }),
    answers: { 200: { doc, content: { 'application/json': answer } } },
    errors: CONTRACT_ERRORS,
    handle: async (call, deps) => give(await deps.contracts.cidOf(call.path.cid), deps, call.query as Given<Query>),
  })
}

export const getContract = aboutContract({
  path: '/v3/contracts/{cid}',
  id: 'getContract',
  summary: 'What IB says of a contract',
  answer: contractSchema,
  doc: 'The contract.',
  give: (cid, { contracts }) => contracts.contract(cid),
})

const STATUS = z
  .strictObject({
    contract_id: z.int(),
    status: z.enum(MARKET_STATUSES),
    is_trading: z.boolean().nullable().describe('null: IB has not told'),
    is_liquid: z.boolean().nullable(),
    session: z.string().nullable().describe('The trading date that it is'),
    next_open: z.string().nullable(),
    next_close: z.string().nullable(),
    time_zone: z.string(),
    at: z.string(),
  })
  .meta({ id: 'MarketStatus' })

export const getMarketStatus = aboutContract({
  path: '/v3/contracts/{cid}/market-status',
  id: 'getMarketStatus',
  summary: 'Whether the market of a contract is open, and when that changes',
  answer: STATUS,
  doc: 'As its hours have it.',
  give: async (cid, deps) => {
    const [calendar, nowUs] = [await deps.contracts.calendar(cid), deps.nowUs()]
    const state = marketState(calendar, nowUs)
    return {
      contract_id: cid,
      status: state.status,
      is_trading: state.isTrading ?? null,
      is_liquid: state.isLiquid ?? null,
      session: state.date ?? null,
      next_open: isoOrNull(state.nextOpenUs),
      next_close: isoOrNull(state.nextCloseUs),
      time_zone: calendar.zone.iana,
      at: isoFromUs(nowUs),
    }
  },
})

const isoOrNull = (us: number | undefined): string | null => (us === undefined ? null : isoFromUs(us))

const HOURS = z
  .strictObject({
    contract_id: z.int(),
    time_zone: z.string(),
    trading_hours: z.string().describe('As IB writes them'),
    liquid_hours: z.string(),
    asked_at: z.string().describe('When IB said so'),
  })
  .meta({ id: 'TradingHours' })

export const getTradingHours = aboutContract({
  path: '/v3/contracts/{cid}/trading-hours',
  id: 'getTradingHours',
  summary: 'The hours of a contract as IB writes them',
  answer: HOURS,
  doc: 'Trading and liquid hours.',
  give: async (cid, deps) => {
    const { timeZoneId, tradingHours, liquidHours, askedUs } = await deps.contracts.contract(cid)
    return { contract_id: cid, time_zone: timeZoneId, trading_hours: tradingHours, liquid_hours: liquidHours, asked_at: isoFromUs(askedUs) }
  },
})

const SPAN = z.strictObject({ start: z.string(), end: z.string() })
const SCHEDULE = z
  .strictObject({
    contract_id: z.int(),
    time_zone: z.string(),
    days: z.array(
      z.strictObject({
        date: z.string(),
        status: z.enum(['open', 'closed', 'unknown']),
        source: z.enum(['told', 'pattern']).nullable().describe('pattern: IB has not told, the hours are those of the weekday'),
        regular: z.array(SPAN),
        full: z.array(SPAN),
      }),
    ),
  })
  .meta({ id: 'Schedule' })

/** Of years in which every stamp is exact. */
const DATE = readBy<string>((text) => (/^(19[7-9]|20\d)\d-/.test(text) && isDay(text) ? { value: text } : { problem: 'is no date' }), {
  allowed: 'YYYY-MM-DD, 1970 to 2099',
  doc: 'The first trading date.',
  default: 'today in the zone of the contract',
  schema: { type: 'string', format: 'date' },
})

export const getSchedule = aboutContract({
  path: '/v3/contracts/{cid}/schedule',
  id: 'getSchedule',
  summary: 'The sessions of a contract, a day each, from today or another day on',
  query: { days: wholeNumber(1, 366, { doc: 'How many days.', default: '7' }), from: DATE },
  answer: SCHEDULE,
  doc: 'Regular and full hours of each day.',
  give: async (cid, deps, query) => {
    const told = await deps.contracts.calendar(cid)
    const [from, days] = [query.from ?? told.zone.localTime(deps.nowUs()).date, query.days ?? 7]
    const calendar = withWeeklyPattern(told, { from, to: addDays(from, days) })
    const listed = schedule(calendar, from, days)
    return { contract_id: cid, time_zone: calendar.zone.iana, days: listed.map((day) => dayOf(day)) }
  },
})

function dayOf({ date, status, full, regular }: ScheduleDay): z.output<typeof SCHEDULE>['days'][number] {
  const spansOf = (session: typeof full) =>
    (session?.spans ?? []).map(({ fromUs, untilUs }) => ({ start: isoFromUs(fromUs), end: isoFromUs(untilUs) }))
  return { date, status, source: full?.source ?? null, regular: spansOf(regular), full: spansOf(full) }
}
