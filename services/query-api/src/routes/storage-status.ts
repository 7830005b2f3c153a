import { isoFromUs, US_PER_SECOND } from '@ib-stream/model'
import { diskSpace } from '@ib-stream/service'
import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { BACKEND_STATES, type BackendStatus, backendStatuses, logNow } from '../recording/backend-status.ts'

const BACKEND = z.strictObject({
  backend: z.string(),
  state: z
    .enum(BACKEND_STATES)
    .describe(
      'behind: by more than a minute; unknown: the log does not answer; unreadable: a checkpoint is damaged; no_writer: nobody writes it',
    ),
  seq: z.int().describe('Up to here of the log all its files are'),
  newest: z.string().nullable().describe('Its files hold what was received up to then'),
  age_seconds: z.number().nullable().describe('How long ago that was'),
  lag_messages: z.int().nullable(),
  lag_seconds: z.number().nullable().describe('How old the oldest message is that it does not have yet'),
  writers: z.int().nullable().describe('Replicas that write it'),
  problems: z.array(z.strictObject({ partition: z.int(), code: z.string() })),
})

const STATUS = z
  .strictObject({
    at: z.string(),
    disk: z.strictObject({ total_bytes: z.int(), free_bytes: z.int(), free_percent: z.number() }),
    log: z
      .strictObject({ source: z.string(), first_seq: z.int(), last_seq: z.int(), bytes: z.int(), max_bytes: z.int() })
      .nullable()
      .describe('null: it does not answer'),
    backends: z.array(BACKEND),
  })
  .meta({ id: 'StorageStatus' })

export const getStorageStatus = defineRoute({
  path: '/storage/status',
  id: 'getStorageStatus',
  tag: 'files',
  summary: 'How far the files of each backend are behind the log, and how much room is left',
  answers: { 200: { doc: 'As files and log are now.', content: { 'application/json': STATUS } } },
  handle: async (_call, deps): Promise<z.output<typeof STATUS>> => {
    const [log, { totalBytes, freeBytes }] = await Promise.all([logNow(deps), diskSpace(deps.dataDir)])
    const backends = await backendStatuses(deps, log)
    const nowUs = deps.nowUs()
    return {
      at: isoFromUs(nowUs),
      disk: { total_bytes: totalBytes, free_bytes: freeBytes, free_percent: Math.round((1_000 * freeBytes) / totalBytes) / 10 },
      log: log
        ? { source: log.owner.source, first_seq: log.firstSeq, last_seq: log.lastSeq, bytes: log.bytes, max_bytes: log.maxBytes }
        : null,
      backends: backends.map((status) => shown(status, nowUs)),
    }
  },
})

function shown({ backend, state, seq, newestStUs, lagMessages, lagSeconds, writers, problems }: BackendStatus, nowUs: number) {
  return {
    backend,
    state,
    seq,
    newest: newestStUs === undefined ? null : isoFromUs(newestStUs),
    age_seconds: newestStUs === undefined ? null : (nowUs - newestStUs) / US_PER_SECOND,
    lag_messages: lagMessages ?? null,
    lag_seconds: lagSeconds ?? null,
    writers: writers ?? null,
    problems: [...problems],
  }
}
