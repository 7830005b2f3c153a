import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { recordingNow } from '../recording/ask-services.ts'
import { dataFlows } from '../recording/system-status.ts'

const HEALTH = z
  .object({
    service: z.string(),
    state: z.enum(['ok', 'degraded']),
    ready: z.boolean().describe('Every part can do its work'),
    uptimeSeconds: z.int(),
    parts: z.record(z.string(), z.looseObject({ state: z.string(), ready: z.boolean() })).describe('Each part in a word, with facts'),
    dataFlows: z.boolean().optional().describe('Ticks come, or the hours of their markets say that none should'),
    recording: z.string().optional().describe('As ingest says of all streams in a word; away: it does not answer'),
  })
  .loose()
  .meta({ id: 'Health' })

export const healthRoute = defineRoute({
  path: '/health',
  id: 'getHealth',
  tag: 'service',
  summary: 'Whether the service can do its work, and whether data flows',
  answers: {
    200: { doc: 'Every part can do its work, and data flows or need not.', content: { 'application/json': HEALTH } },
    503: {
      doc: 'A part cannot, or no data flows although a market is open; the body says which.',
      content: { 'application/json': HEALTH },
    },
  },
  handle: async ({ reply }, deps) => {
    const recording = await recordingNow(deps)
    const flows = dataFlows(recording)
    const health = deps.health()
    const state = health.ready && flows ? 'ok' : 'degraded'
    return reply.code(state === 'ok' ? 200 : 503).send({ ...health, state, dataFlows: flows, recording: recording?.health ?? 'away' })
  },
})

export const readyRoute = defineRoute({
  path: '/ready',
  id: 'getReady',
  tag: 'service',
  summary: 'Whether the service can do its work, for whoever waits until it can, or starts it anew where it cannot',
  answers: {
    200: { doc: 'Every part can do its work.', content: { 'application/json': HEALTH } },
    503: { doc: 'A part cannot; the body says which.', content: { 'application/json': HEALTH } },
  },
  handle: ({ reply }, deps) => {
    const health = deps.health()
    return reply.code(health.ready ? 200 : 503).send(health)
  },
})
