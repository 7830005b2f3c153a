import { createServer, type Server, type ServerResponse } from 'node:http'
import type { GatewaySimStats } from './gateway-sim.ts'

export interface HealthSettings {
  readonly host: string
  readonly port: number
  readonly stats: () => GatewaySimStats
}

/** Serves `GET /health` (JSON) and `GET /metrics` (Prometheus text); resolves when it listens. The caller closes it. */
export async function startHealth(settings: HealthSettings): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/health') return health(response, settings.stats())
    if (request.method === 'GET' && request.url === '/metrics') return metrics(response, settings.stats())
    response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /health or GET /metrics\n')
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(settings.port, settings.host, resolve)
  await promise
  server.off('error', reject)
  return server
}

function health(response: ServerResponse, stats: GatewaySimStats): void {
  const state = stats.tape === 'failed' ? 'failed' : 'ok'
  response.writeHead(state === 'ok' ? 200 : 503, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify({ service: 'gateway-sim', state, ...stats })}\n`)
}

function metrics(response: ServerResponse, stats: GatewaySimStats): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
  response.end(
    [
      '# HELP ibs_sim_ticks_sent_total Ticks handed to client sockets.',
      '# TYPE ibs_sim_ticks_sent_total counter',
      `ibs_sim_ticks_sent_total ${stats.ticks}`,
      '# HELP ibs_sim_clients Connected clients.',
      '# TYPE ibs_sim_clients gauge',
      `ibs_sim_clients ${stats.clients}`,
      '# HELP ibs_sim_subscriptions Tick-by-tick subscriptions that stand.',
      '# TYPE ibs_sim_subscriptions gauge',
      `ibs_sim_subscriptions ${stats.subscriptions}`,
      '',
    ].join('\n'),
  )
}
