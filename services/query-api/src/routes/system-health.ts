import { HEALTH_WORDS, isoFromUs } from '@ib-stream/model'
import { z } from 'zod'
import { type AnswerDoc, defineRoute } from '../api/route.ts'
import { SYSTEM_WORDS, systemStatus } from '../recording/system-status.ts'

const SYSTEM = z
  .strictObject({
    system_status: z.enum(SYSTEM_WORDS).describe('degraded: ticks are missing or may be soon; warning: somebody should look'),
    at: z.string(),
    recording: z.enum(HEALTH_WORDS).nullable().describe('null: ingest does not answer'),
    services: z.record(z.string(), z.strictObject({ replicas: z.int(), state: z.string() })),
    issues: z.array(z.strictObject({ status: z.enum(SYSTEM_WORDS), about: z.string(), text: z.string() })),
  })
  .meta({ id: 'SystemHealth' })

const ANSWERS: Record<number, AnswerDoc> = {
  200: { doc: 'Nothing is degraded.', content: { 'application/json': SYSTEM } },
  503: { doc: 'Something is; `issues` says what.', content: { 'application/json': SYSTEM } },
}

export const getSystemHealth = defineRoute({
  path: '/system/health',
  id: 'getSystemHealth',
  tag: 'service',
  summary: 'All services, the recording and the files in one word, for uptime monitors',
  description: 'Needs no key, as `/health`. What it says is at most a second old.',
  answers: ANSWERS,
  handle: async ({ reply }, deps) => {
    const { word, services, recording, issues } = await systemStatus(deps)
    const body: z.output<typeof SYSTEM> = {
      system_status: word,
      at: isoFromUs(deps.nowUs()),
      recording: recording?.health ?? null,
      services,
      issues: issues.map(({ word: status, about, text }) => ({ status, about, text })),
    }
    return reply.code(word === 'degraded' ? 503 : 200).send(body)
  },
})
