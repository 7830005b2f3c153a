import type { FastifyInstance } from 'fastify'
import { Registry as MetricsRegistry, type Registry } from 'prom-client'
import { registerQueryMetrics } from '../src/metrics.ts'
import { buildServer } from '../src/server.ts'
import type { ServerDeps } from '../src/server-deps.ts'

export interface StandingServer extends AsyncDisposable {
  app: FastifyInstance
  url: string
  metrics: Registry
  failures: unknown[]
}

/** The real server on a free port. */
export async function startServer(deps: Partial<ServerDeps> & Pick<ServerDeps, 'dataDir'>): Promise<StandingServer> {
  const metrics = new MetricsRegistry()
  const failures: unknown[] = []
  const app = buildServer({
    backends: ['json', 'pb'],
    live: { bus: undefined, hub: undefined },
    health: () => ({ service: 'query-api', state: 'ok', ready: true, uptimeSeconds: 1, parts: {} }),
    metricsText: () => metrics.metrics(),
    metrics: registerQueryMetrics(metrics),
    nowUs: () => Date.now() * 1_000,
    keepAliveMs: 15_000,
    onFailure: (error) => failures.push(error),
    onDamage: () => undefined,
    ...deps,
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, url, metrics, failures, [Symbol.asyncDispose]: () => app.close() }
}
