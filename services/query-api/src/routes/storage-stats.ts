import { isoFromUs, TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { FILES_ERRORS } from '../api/problem-table.ts'
import { defineRoute } from '../api/route.ts'
import { CONTRACT_ERRORS, CONTRACTS } from '../contracts/contract-ref.ts'
import { type StockOfBackend, type Sums, stockSums } from '../files/stock-sums.ts'

const GROWN = z.strictObject({ bytes: z.int(), ticks: z.int() })
const SUMS = {
  files: z.int(),
  bytes: z.int(),
  disk_bytes: z.int().describe('Blocks that they take on the disk'),
  ticks: z.int().nullable().describe('null where of a file nobody knows how many it has: it is older than manifests'),
  bytes_per_tick: z.number().nullable(),
  first_hour: z.string().nullable(),
  last_hour: z.string().nullable(),
  last_24_hours: GROWN.describe('What the hours of this time added'),
  last_7_days: GROWN,
}
const OF_STREAM = z.strictObject({ contract_id: z.int(), tick_type: z.enum(TICK_TYPES), ...SUMS })

const STATS = z
  .strictObject({
    at: z.string().describe('Sums are up to a quarter of a minute older'),
    total_bytes: z.int(),
    total_files: z.int(),
    backends: z.record(z.string(), z.strictObject({ ...SUMS, streams: z.array(OF_STREAM) })),
  })
  .meta({ id: 'StorageStats' })

export const getStorageStats = defineRoute({
  path: '/v3/storage/stats',
  id: 'getStorageStats',
  tag: 'files',
  summary: 'Bytes, ticks and files of each backend, contract and tick type, and how they grow',
  query: { contracts: { ...CONTRACTS, default: 'all' } },
  answers: { 200: { doc: 'By backend.', content: { 'application/json': STATS } } },
  errors: [...CONTRACT_ERRORS, ...FILES_ERRORS],
  handle: async ({ query }, deps): Promise<z.output<typeof STATS>> => {
    const cids = query.contracts && (await Promise.all(query.contracts.map((name) => deps.contracts.cidOf(name))))
    const stock = await stockSums(deps)
    return {
      at: isoFromUs(deps.nowUs()),
      total_bytes: stock.reduce((sum, { bytes }) => sum + bytes, 0),
      total_files: stock.reduce((sum, { files }) => sum + files, 0),
      backends: Object.fromEntries(stock.map((one) => [one.backend, ofBackend(one, cids)])),
    }
  },
})

const ofBackend = (one: StockOfBackend, cids: readonly number[] | undefined) => ({
  ...sumsOf(one),
  streams: one.streams
    .filter(({ cid }) => cids?.includes(cid) ?? true)
    .map((stream) => ({ contract_id: stream.cid, tick_type: stream.tt, ...sumsOf(stream) })),
})

const sumsOf = ({ files, bytes, diskBytes, ticks, firstHourUs, lastHourUs, day, week }: Sums) => ({
  files,
  bytes,
  disk_bytes: diskBytes,
  ticks: ticks ?? null,
  bytes_per_tick: ticks ? Math.round((100 * bytes) / ticks) / 100 : null,
  first_hour: files > 0 ? isoFromUs(firstHourUs) : null,
  last_hour: files > 0 ? isoFromUs(lastHourUs) : null,
  last_24_hours: day,
  last_7_days: week,
})
