import { defineRoute } from '../api/route.ts'

const TYPE = 'text/plain; version=0.0.4'

export const metricsRoute = defineRoute({
  path: '/metrics',
  id: 'getMetrics',
  tag: 'service',
  summary: 'Prometheus metrics',
  answers: { 200: { doc: 'The text form of Prometheus.', content: { 'text/plain': 'text' } } },
  handle: async ({ reply }, deps) => reply.header('content-type', TYPE).send(await deps.metricsText()),
})
