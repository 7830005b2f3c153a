import { isoFromUs, TICK_TYPES } from '@ib-stream/model'
import { type Backend, openRange } from '@ib-stream/storage'
import { z } from 'zod'
import { defineRoute, type RouteDeps } from '../api/route.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'

const FILES = z.strictObject({ files: z.int(), bytes: z.int() })

const INFO = z
  .strictObject({
    contract_id: z.int(),
    tick_types: z.partialRecord(
      z.enum(TICK_TYPES),
      z.strictObject({
        first: z.string().nullable().describe('ts of the first recorded tick'),
        last: z.string().nullable().describe('ts of the last one in files'),
        backends: z.record(z.string(), FILES),
      }),
    ),
    available: z
      .strictObject({ start: z.string(), end: z.string() })
      .nullable()
      .describe('From the first recorded tick to the last one in files'),
  })
  .meta({ id: 'HistoryInfo' })

export const getHistoryInfo = defineRoute({
  path: '/v3/buffer/{cid}/info',
  id: 'getHistoryInfo',
  tag: 'history',
  summary: 'What is recorded of a contract: from when to when, in how many files',
  pathParameters: { cid: CONTRACT },
  query: { tick_types: { ...TICK_TYPE_LIST, default: 'all' } },
  answers: { 200: { doc: 'What the files hold; tick types without any are left out.', content: { 'application/json': INFO } } },
  errors: CONTRACT_ERRORS,
  handle: async ({ path, query, gone }, deps): Promise<z.output<typeof INFO>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const info: z.output<typeof INFO> = { contract_id: cid, tick_types: {}, available: null }
    for (const tt of query.tick_types ?? TICK_TYPES) {
      const all = { dataDir: deps.dataDir, cids: [cid], tts: [tt], startUs: 0, endUs: Number.MAX_SAFE_INTEGER }
      await using range = await openRange({ ...all, backends: deps.backends })
      const first = await range.first({ signal: gone })
      if (!first) continue
      const [last = first] = await range.last(1, { signal: gone })
      const span = { start: isoFromUs(first.ts), end: isoFromUs(last.ts) }
      info.tick_types[tt] = { first: span.start, last: span.end, backends: await filesOf(deps, all) }
      info.available = info.available
        ? { start: earlier(info.available.start, span.start), end: later(info.available.end, span.end) }
        : span
    }
    return info
  },
})

const earlier = (a: string, b: string): string => (a < b ? a : b)
const later = (a: string, b: string): string => (a > b ? a : b)

type All = Omit<Parameters<typeof openRange>[0], 'backends'>

async function filesOf(deps: RouteDeps, all: All): Promise<Record<string, z.output<typeof FILES>>> {
  const entries = await Promise.all(
    deps.backends.map(async (backend: Backend) => {
      await using range = await openRange({ ...all, backends: [backend] })
      return [backend, { files: range.files, bytes: range.fileBytes }] as const
    }),
  )
  return Object.fromEntries(entries)
}
