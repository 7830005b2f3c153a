import { isoFromUs, type RecorderEvent, TICK_TYPES, US_PER_MS } from '@ib-stream/model'
import { z } from 'zod'
import { wholeNumber } from '../api/parameter.ts'
import { defineRoute } from '../api/route.ts'
import { recordingOrThrow } from '../recording/ask-services.ts'
import { recorderEvents } from '../recording/recorder-events.ts'
import { TIME_WORDS, timeStatusOf } from '../recording/time-status.ts'

const TIME = z
  .strictObject({
    at: z.string(),
    status: z
      .enum(TIME_WORDS)
      .describe(
        'warning: clocks differ, or stamps of a stream are not of now; critical: clocks differ by 5 s or more; unknown: IB has not told the time',
      ),
    drift_ms: z.number().describe('Our time minus IB’s; 0 as long as they may be the same'),
    bounds_ms: z
      .strictObject({ low: z.number(), high: z.number() })
      .nullable()
      .describe('It lies between these: IB tells whole seconds only'),
    streams: z.array(
      z.strictObject({
        contract_id: z.int(),
        tick_type: z.enum(TICK_TYPES),
        lag_ms: z.number().describe('How old its stamps are at least when its ticks come'),
        is_off: z.boolean().describe('They are not of now by IB’s own clock'),
      }),
    ),
  })
  .meta({ id: 'TimeStatus' })

export const getTimeStatus = defineRoute({
  path: '/time/status',
  id: 'getTimeStatus',
  tag: 'truth',
  summary: 'Our clock against IB’s, and how old the stamps of each stream are',
  answers: { 200: { doc: 'As ingest sees it, at most a second old.', content: { 'application/json': TIME } } },
  errors: ['IBS_QUERY_INGEST_AWAY'],
  handle: async (_call, deps): Promise<z.output<typeof TIME>> => {
    const { clock } = await recordingOrThrow(deps)
    const { state, offsetUs, bounds, streams } = clock
    return {
      at: isoFromUs(deps.nowUs()),
      status: timeStatusOf(clock),
      drift_ms: state === 'unknown' ? 0 : offsetUs / US_PER_MS,
      bounds_ms: bounds ? { low: bounds.lowUs / US_PER_MS, high: bounds.highUs / US_PER_MS } : null,
      streams: streams.map(({ cid, tt, lagUs, isOff }) => ({ contract_id: cid, tick_type: tt, lag_ms: lagUs / US_PER_MS, is_off: isOff })),
    }
  },
})

const ENTRY = z.strictObject({
  at: z.string(),
  kind: z.enum(['clock', 'lag']).describe('clock: ours against IB’s, or the system’s was set; lag: the stamps of a stream'),
  state: z.enum(['differs', 'agrees', 'set', 'off']),
  drift_ms: z.number().describe('Our time minus IB’s; of `set` by how much it was; of `lag` the age of the stamps'),
  reason: z.string(),
  contract_id: z.int().optional(),
  tick_type: z.enum(TICK_TYPES).optional(),
})
const DRIFTS = z
  .strictObject({ entries: z.array(ENTRY), total: z.int().describe('Of all that were ever recorded') })
  .meta({ id: 'DriftHistory' })

const MOST_ENTRIES = 10_000

export const getDriftHistory = defineRoute({
  path: '/time/drift/history',
  id: 'getDriftHistory',
  tag: 'truth',
  summary: 'When our clock and IB’s went apart or agreed again, and when the system’s clock was set',
  query: { limit: wholeNumber(1, MOST_ENTRIES, { doc: 'How many of the newest.', default: '100' }) },
  answers: { 200: { doc: 'Changes, the oldest first.', content: { 'application/json': DRIFTS } } },
  errors: ['IBS_TAPE_LOG_AWAY'],
  handle: async ({ query, gone }, deps): Promise<z.output<typeof DRIFTS>> => {
    const events = await recorderEvents(deps, ['clock', 'lag'], gone)
    const entries = events.flatMap(entryOf)
    return { entries: entries.slice(-(query.limit ?? 100)), total: entries.length }
  },
})

function entryOf(event: RecorderEvent): z.output<typeof ENTRY>[] {
  if (event.kind !== 'clock' && event.kind !== 'lag') return []
  const { st, state, reason, kind } = event
  const head = { at: isoFromUs(st), kind, state, reason }
  if (event.kind === 'clock') return [{ ...head, drift_ms: event.offsetUs / US_PER_MS }]
  return [{ ...head, drift_ms: event.lagUs / US_PER_MS, contract_id: event.cid, tick_type: event.tt }]
}
