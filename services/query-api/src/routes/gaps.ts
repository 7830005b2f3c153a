import { GAP_CAUSES, isoFromUs, TICK_TYPES } from '@ib-stream/model'
import { streamLedgers } from '@ib-stream/tape'
import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT_ERRORS, CONTRACTS } from '../contracts/contract-ref.ts'
import { TIME_RANGE, TIME_RANGE_ERRORS, timeRangeOf } from '../history/time-range.ts'
import { LEDGER_KINDS, recorderEvents } from '../recording/recorder-events.ts'

const GAP = z.strictObject({
  contract_id: z.int(),
  tick_type: z.enum(TICK_TYPES),
  from: z.string().describe('Last moment known good, on our clock'),
  to: z.string().describe('First moment good again; of one that goes on, now'),
  seconds: z.number(),
  is_open: z.boolean().describe('It goes on'),
  cause: z.enum(GAP_CAUSES),
  reason: z.string(),
  filled: z
    .enum(['filled', 'partly', 'unavailable'])
    .nullable()
    .describe('How its filling from IB’s history ended; null while that is to come'),
})

const GAPS = z.strictObject({ time_range: z.strictObject({ start: z.string(), end: z.string() }), gaps: z.array(GAP) }).meta({ id: 'Gaps' })

export const listGaps = defineRoute({
  path: '/v3/gaps',
  id: 'listGaps',
  tag: 'truth',
  summary: 'Times in which ticks may be missing, why, and whether they were filled',
  query: { contracts: { ...CONTRACTS, default: 'all' }, tick_types: { ...TICK_TYPE_LIST, default: 'all' }, ...TIME_RANGE },
  answers: { 200: { doc: 'Those that overlap the range, oldest first.', content: { 'application/json': GAPS } } },
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS, 'IBS_TAPE_LOG_AWAY'],
  handle: async ({ query, gone, request }, deps): Promise<z.output<typeof GAPS>> => {
    const cids = query.contracts && (await Promise.all(query.contracts.map((name) => deps.contracts.cidOf(name))))
    const [cid] = cids?.length === 1 ? cids : []
    const nowUs = deps.nowUs()
    const { startUs, endUs } = await timeRangeOf(query, {
      nowUs,
      contracts: deps.contracts,
      cid,
      given: request.query as Record<string, unknown>,
    })
    const tts = query.tick_types ?? TICK_TYPES
    const streams = streamLedgers(await recorderEvents(deps, LEDGER_KINDS, gone), nowUs).filter(
      (one) => (cids?.includes(one.cid) ?? true) && tts.includes(one.tt),
    )
    const gaps = streams.flatMap((stream) =>
      stream.gaps.filter((gap) => gap.fromUs < endUs && gap.untilUs > startUs).map((gap) => ({ stream, gap })),
    )
    return {
      time_range: { start: isoFromUs(startUs), end: isoFromUs(endUs) },
      gaps: gaps
        .sort((a, b) => a.gap.fromUs - b.gap.fromUs)
        .map(({ stream, gap }) => ({
          contract_id: stream.cid,
          tick_type: stream.tt,
          from: isoFromUs(gap.fromUs),
          to: isoFromUs(gap.untilUs),
          seconds: (gap.untilUs - gap.fromUs) / 1_000_000,
          is_open: gap.isOpen,
          cause: gap.cause,
          reason: gap.reason,
          filled: gap.fill?.state ?? null,
        })),
    }
  },
})
