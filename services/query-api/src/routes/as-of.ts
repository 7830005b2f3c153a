import { isRange, parseMoment, resolveRange } from '@ib-stream/calendar'
import { isoFromUs, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { oneOf, readBy } from '../api/parameter.ts'
import { parameterInvalid } from '../api/read-parameters.ts'
import { defineRoute } from '../api/route.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { ticksAsOf } from '../derived/as-of.ts'
import { TIME_RANGE } from '../history/time-range.ts'
import { TICK } from '../stream/events.ts'

const ANSWER = z
  .strictObject({
    contract_id: z.int(),
    at: z.string(),
    ticks: z
      .partialRecord(z.enum(TICK_TYPES), TICK.nullable())
      .describe('The last tick of each type at or before the moment; null: none in the two weeks before'),
  })
  .meta({ id: 'AsOfAnswer' })

export const AS_OF_CLOCK = oneOf(['st', 'ts'], {
  doc: 'By which stamp: ours at the socket, or IB’s, which are whole seconds.',
  default: 'st',
})
const AT = readBy(parseMoment, { allowed: TIME_RANGE.start_time.allowed as string, doc: 'The moment.', default: 'now' })

export const getAsOf = defineRoute({
  path: '/v3/asof/{cid}',
  id: 'getAsOf',
  tag: 'derived',
  summary: 'What stood at a moment: the last quote and the last trade at or before it',
  pathParameters: { cid: CONTRACT },
  query: {
    at: AT,
    tz: TIME_RANGE.tz,
    tick_types: { ...TICK_TYPE_LIST, default: 'all' },
    clock: AS_OF_CLOCK,
  },
  answers: { 200: { doc: 'A tick of each type.', content: { 'application/json': ANSWER } } },
  errors: [...CONTRACT_ERRORS, 'IBS_TAPE_TAIL_GONE', 'IBS_TAPE_TAIL_TOO_LONG'],
  handle: async ({ path, query, gone }, deps): Promise<z.output<typeof ANSWER>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const nowUs = deps.nowUs()
    const end = query.at ?? ({ kind: 'instant', us: nowUs } as const)
    const calendar = query.tz === 'exchange' ? await deps.contracts.calendar(cid) : undefined
    const range = resolveRange({ end, zone: query.tz }, { nowUs, calendar })
    if (!isRange(range)) throw parameterInvalid({ field: 'at', value: query.at, problem: range.problem, allowed: range.allowed })
    const tts = query.tick_types ?? TICK_TYPES
    const found = await ticksAsOf(deps, { cid, tts, atUs: range.endUs, clock: query.clock ?? 'st', signal: gone })
    const ticks = Object.fromEntries(tts.map((tt) => [tt, found[tt] ?? null]))
    return { contract_id: cid, at: isoFromUs(range.endUs), ticks }
  },
})
