import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Registry as MetricsRegistry, type Registry } from 'prom-client'
import type { Route } from '../src/api/route.ts'
import { openContractDirectory } from '../src/contracts/contract-directory.ts'
import { registerQueryMetrics } from '../src/metrics.ts'
import { ROUTES } from '../src/routes.ts'
import { buildServer } from '../src/server.ts'
import type { ServerDeps } from '../src/server-deps.ts'
import { breachOf } from './api/contract.ts'

export interface StandingServer extends AsyncDisposable {
  app: FastifyInstance
  url: string
  metrics: Registry
  failures: unknown[]
  /** Answers that are not as their route says; whoever closes the server learns of them. */
  breaches: string[]
}

/** The real server on a free port. Every answer is held to what its route declares; closing throws where one was not. */
export async function startServer(
  deps: Partial<ServerDeps> & Pick<ServerDeps, 'dataDir'>,
  routes: readonly Route[] = ROUTES,
  prepare: (app: FastifyInstance) => void = () => undefined,
): Promise<StandingServer> {
  const metrics = new MetricsRegistry()
  const failures: unknown[] = []
  const breaches: string[] = []
  const nowUs = () => Date.now() * 1_000
  const app = buildServer(
    {
      backends: ['json', 'pb'],
      live: { bus: undefined, hub: undefined },
      contracts: openContractDirectory({ bus: () => deps.live?.bus, nowUs: deps.nowUs ?? nowUs }),
      keys: undefined,
      corsOrigins: [],
      hosts: [],
      limits: {
        requests: 1e6,
        requestsPerSecond: 1e6,
        heavy: 1_000,
        heavyInAll: 1_000,
        bytesPerSecond: 0,
        most: 5_000,
        mostOfCaller: 5_000,
      },
      leases: { hold: () => ({ release: () => undefined }), size: 0 },
      health: () => ({ service: 'query-api', state: 'ok', ready: true, uptimeSeconds: 1, parts: {} }),
      metricsText: () => metrics.metrics(),
      metrics: registerQueryMetrics(metrics),
      nowUs,
      keepAliveMs: 15_000,
      pingEveryMs: 30_000,
      drainWithinMs: 60_000,
      onFailure: (error) => failures.push(error),
      onDamage: () => undefined,
      ...deps,
    },
    routes,
  )
  app.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const breach = breachOf(routes, request, reply, payload)
    if (breach !== undefined) breaches.push(breach)
    return payload
  })
  prepare(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const close = async () => {
    await app.close()
    if (breaches.length > 0) throw new Error(`answers differ from their routes:\n${breaches.join('\n')}`)
  }
  return { app, url, metrics, failures, breaches, [Symbol.asyncDispose]: close }
}
