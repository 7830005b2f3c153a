import { isoFromUs, TICK_TYPES } from '@ib-stream/model'
import { openHistory } from '@ib-stream/tape'
import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { DEFAULT_TICK_TYPES } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { SELECTION } from '../history/history-parameters.ts'
import { TIME_RANGE_ERRORS, timeRangeOf } from '../history/time-range.ts'

const COUNTED = z.strictObject({
  ticks: z.int(),
  bytes: z.int().describe('Bytes of their records in the files; of those that are not in files yet, as JSON'),
  tail_ticks: z.int().describe('Of them not in files yet'),
  first: z.string().nullable().describe('ts of the first tick'),
  last: z.string().nullable().describe('ts of the last tick'),
})

const STATS = z
  .strictObject({
    contract_id: z.int(),
    time_range: z.strictObject({ start: z.string(), end: z.string() }),
    tail: z.enum(['not_needed', 'read', 'left_out', 'unavailable']),
    total_ticks: z.int(),
    total_bytes: z.int(),
    tick_types: z.partialRecord(z.enum(TICK_TYPES), COUNTED),
    removed_ticks: z.int().describe('Ticks of the range that retention took away'),
  })
  .meta({ id: 'HistoryStats' })

export const getHistoryStats = defineRoute({
  path: '/v3/buffer/{cid}/stats',
  id: 'getHistoryStats',
  tag: 'history',
  summary: 'How many ticks a range has, and how many bytes they take, by tick type',
  pathParameters: { cid: CONTRACT },
  query: SELECTION,
  answers: { 200: { doc: 'The counts.', content: { 'application/json': STATS } } },
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS, 'IBS_TAPE_TAIL_GONE', 'IBS_TAPE_TAIL_TOO_LONG'],
  handle: async ({ path, query, gone, request }, deps): Promise<z.output<typeof STATS>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const given = request.query as Record<string, unknown>
    const { startUs, endUs } = await timeRangeOf(query, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given })
    const stats: z.output<typeof STATS> = {
      contract_id: cid,
      time_range: { start: isoFromUs(startUs), end: isoFromUs(endUs) },
      tail: 'not_needed',
      total_ticks: 0,
      total_bytes: 0,
      tick_types: {},
      removed_ticks: 0,
    }
    const range = { dataDir: deps.dataDir, backends: deps.backends, cids: [cid], startUs, endUs, bus: deps.live.bus, signal: gone }
    for (const tt of query.tick_types ?? DEFAULT_TICK_TYPES) {
      await using history = await openHistory({ ...range, tts: [tt], tailOf: query.committed ? 'none' : 'open', limit: 1, batchTicks: 1 })
      const { ticks, bytes } = await history.measure()
      let first: string | null = null
      for await (const [tick] of history.batches()) if (tick) first = isoFromUs(tick.ts)
      const [last] = await history.last(1)
      stats.tick_types[tt] = { ticks, bytes, tail_ticks: history.tailTicks, first, last: last ? isoFromUs(last.ts) : null }
      stats.tail = history.tail
      stats.total_ticks += ticks
      stats.total_bytes += bytes
      stats.removed_ticks += history.removed.reduce((sum, hour) => sum + hour.ticks, 0)
    }
    return stats
  },
})
