import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type AnswerDoc, defineRoute, type RouteDeps } from '../api/route.ts'

const HEALTH = z
  .object({
    service: z.string(),
    state: z.enum(['ok', 'degraded']),
    ready: z.boolean().describe('Every part can do its work'),
    uptimeSeconds: z.int(),
    parts: z.record(z.string(), z.looseObject({ state: z.string(), ready: z.boolean() })).describe('Each part in a word, with facts'),
  })
  .loose()
  .meta({ id: 'Health' })

const ANSWERS: Record<number, AnswerDoc> = {
  200: { doc: 'Every part can do its work.', content: { 'application/json': HEALTH } },
  503: { doc: 'A part cannot; the body says which.', content: { 'application/json': HEALTH } },
}

export const healthRoute = defineRoute({
  path: '/health',
  id: 'getHealth',
  tag: 'service',
  summary: 'State of the service and its parts',
  answers: ANSWERS,
  handle: ({ reply }, deps) => sendHealth(reply, deps),
})

export const readyRoute = defineRoute({
  path: '/ready',
  id: 'getReady',
  tag: 'service',
  summary: 'As /health, for whoever waits until the service can work',
  answers: ANSWERS,
  handle: ({ reply }, deps) => sendHealth(reply, deps),
})

function sendHealth(reply: FastifyReply, deps: RouteDeps): FastifyReply {
  const health = deps.health()
  return reply.code(health.ready ? 200 : 503).send(health)
}
