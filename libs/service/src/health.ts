import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { codeOf } from '@ib-stream/model'
import { ServiceError } from './errors.ts'

/** What a part of a service says of itself: one word, whether it can do its work, and facts for the reader. */
export interface Report {
  state: string
  ready: boolean
  [fact: string]: unknown
}

export interface Health {
  service: string
  state: 'ok' | 'degraded'
  ready: boolean
  /** Whole seconds since the start. */
  uptimeSeconds: number
  parts: Record<string, Report>
  [fact: string]: unknown
}

export interface HealthPages {
  health(): Health
  metrics(): Promise<string>
}

/** Serves `/health` (200, or 503 while degraded), `/ready` (likewise) and `/metrics`. */
export async function serveHealth(
  pages: HealthPages,
  address: { host: string; port: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?') // no URL parser: it throws at `//`, and that would end the service
    const answer = (status: number, type: string, body: string) => response.writeHead(status, { 'content-type': type }).end(body)
    if (path === '/health' || path === '/ready') {
      const health = pages.health()
      answer(health.ready ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
    } else if (path === '/metrics') {
      pages.metrics().then(
        (text) => answer(200, 'text/plain; version=0.0.4', text),
        (error: unknown) => answer(500, 'text/plain', String(error)),
      )
    } else answer(404, 'text/plain', 'here are /health, /ready and /metrics\n')
  })
  await listen(server, address)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      if (codeOf(cause) !== 'EADDRINUSE') return reject(cause)
      reject(
        new ServiceError(
          'IBS_SERVICE_PORT_TAKEN',
          `port ${port} on ${host} is in use; stop the other program or choose another port`,
          { host, port },
          { cause },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}
