import { addDays, MARKET_STATUSES, marketState, type ScheduleDay, schedule, withWeeklyPattern } from '@ib-stream/calendar'
import { type ContractQuery, isoFromUs, SEC_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { oneOf, readBy, wholeNumber } from '../api/parameter.ts'
import { defineRoute, type RouteDeps } from '../api/route.ts'
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

export const lookUpSymbol = defineRoute({
  path: '/v3/contracts/lookup/{symbol}',
  id: 'lookUpSymbol',
  tag: 'contracts',
  summary: 'Every contract that IB has under a symbol',
  pathParameters: { symbol: SYMBOL },
  answers: { 200: { doc: 'What IB says of each.', content: { 'application/json': FOUND } } },
  errors: CONTRACT_ERRORS,
  handle: ({ path }, deps) => lookUp(deps, { symbol: path.symbol }),
})

export const lookUpSymbolOfType = defineRoute({
  path: '/v3/contracts/lookup/{symbol}/{sec_type}',
  id: 'lookUpSymbolOfType',
  tag: 'contracts',
  summary: 'Every contract of a type that IB has under a symbol',
  pathParameters: { symbol: SYMBOL, sec_type: oneOf(SEC_TYPES, { doc: 'Type of contract.' }) },
  answers: { 200: { doc: 'What IB says of each.', content: { 'application/json': FOUND } } },
  errors: CONTRACT_ERRORS,
  handle: ({ path }, deps) => lookUp(deps, { symbol: path.symbol, secType: path.sec_type }),
})

export const getContract = defineRoute({
  path: '/v3/contracts/{cid}',
  id: 'getContract',
  tag: 'contracts',
  summary: 'What IB says of a contract',
  pathParameters: { cid: CONTRACT },
  answers: { 200: { doc: 'The contract.', content: { 'application/json': contractSchema } } },
  errors: CONTRACT_ERRORS,
  handle: async ({ path }, deps) => deps.contracts.contract(await deps.contracts.cidOf(path.cid)),
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

export const getMarketStatus = defineRoute({
  path: '/v3/contracts/{cid}/market-status',
  id: 'getMarketStatus',
  tag: 'contracts',
  summary: 'Whether the market of a contract is open, and when that changes',
  pathParameters: { cid: CONTRACT },
  answers: { 200: { doc: 'As its hours have it.', content: { 'application/json': STATUS } } },
  errors: CONTRACT_ERRORS,
  handle: async ({ path }, deps): Promise<z.output<typeof STATUS>> => {
    const cid = await deps.contracts.cidOf(path.cid)
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

export const getTradingHours = defineRoute({
  path: '/v3/contracts/{cid}/trading-hours',
  id: 'getTradingHours',
  tag: 'contracts',
  summary: 'The hours of a contract as IB writes them',
  pathParameters: { cid: CONTRACT },
  answers: { 200: { doc: 'Trading and liquid hours.', content: { 'application/json': HOURS } } },
  errors: CONTRACT_ERRORS,
  handle: async ({ path }, deps): Promise<z.output<typeof HOURS>> => {
    const cid = await deps.contracts.cidOf(path.cid)
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

export const getSchedule = defineRoute({
  path: '/v3/contracts/{cid}/schedule',
  id: 'getSchedule',
  tag: 'contracts',
  summary: 'The sessions of a contract, a day each, from today on',
  pathParameters: { cid: CONTRACT },
  query: { days: wholeNumber(1, 30, { doc: 'How many days.', default: '7' }) },
  answers: { 200: { doc: 'Regular and full hours of each day.', content: { 'application/json': SCHEDULE } } },
  errors: CONTRACT_ERRORS,
  handle: async ({ path, query }, deps): Promise<z.output<typeof SCHEDULE>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const told = await deps.contracts.calendar(cid)
    const [today, days] = [told.zone.localTime(deps.nowUs()).date, query.days ?? 7]
    const calendar = withWeeklyPattern(told, { from: today, to: addDays(today, days) })
    const listed = schedule(calendar, today, days)
    return { contract_id: cid, time_zone: calendar.zone.iana, days: listed.map((day) => dayOf(day)) }
  },
})

function dayOf({ date, status, full, regular }: ScheduleDay): z.output<typeof SCHEDULE>['days'][number] {
  const spansOf = (session: typeof full) =>
    (session?.spans ?? []).map(({ fromUs, untilUs }) => ({ start: isoFromUs(fromUs), end: isoFromUs(untilUs) }))
  return { date, status, source: full?.source ?? null, regular: spansOf(regular), full: spansOf(full) }
}
