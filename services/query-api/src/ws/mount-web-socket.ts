import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import { MAX_BODY_BYTES } from '../api/client-error.ts'
import { problemResponse } from '../api/problem-response.ts'
import { readQuery } from '../api/read-parameters.ts'
import { requestIdOf } from '../api/request-id.ts'
import type { RouteDeps } from '../api/route.ts'
import { QueryError } from '../errors.ts'
import { assertHost } from '../safety/host-name.ts'
import { assertOrigin } from '../safety/mount-access.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { WsConnection } from './ws-connection.ts'
import { WS_PATH } from './ws-path.ts'

const pathOf = ({ url = '' }: Pick<IncomingMessage, 'url'>): string => url.split('?')[0] ?? ''

/** Whether a request is for a WebSocket; any other upgrade is answered as if it had not been asked for. */
export const isWebSocket = (request: IncomingMessage): boolean =>
  request.headers.upgrade?.toLowerCase() === 'websocket' && pathOf(request) === WS_PATH

/** Takes WebSockets on {@link WS_PATH}. Closing the server ends them, each told where to go on. */
export function mountWebSocket(app: FastifyInstance, deps: RouteDeps): void {
  // no compression: ticks are short, and its memory for each client would be many times theirs
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES, perMessageDeflate: false })
  const running = new Set<Promise<void>>()
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy()) // until `ws` has taken it, nobody else listens
    try {
      accept(server, { request, socket, head, deps, running })
    } catch (error) {
      socket.end(problemResponse(error, requestIdOf(request.headers)))
    }
  })
  app.addHook('onClose', async () => {
    await Promise.all(running)
    server.close()
  })
}

/** @throws QueryError `IBS_QUERY_PARAMETER_UNKNOWN`: `api_key` is all that it takes */
function queryKeyOf({ url = '' }: IncomingMessage): string | undefined {
  const { api_key: key, ...others } = Object.fromEntries(new URLSearchParams(url.slice(pathOf({ url }).length)))
  readQuery({}, others)
  return key
}

interface Upgrade {
  request: IncomingMessage
  socket: Socket
  head: Buffer
  deps: RouteDeps
  running: Set<Promise<void>>
}

function accept(server: WebSocketServer, { request, socket, head, deps, running }: Upgrade): void {
  if (deps.closing.aborted) throw new QueryError('IBS_QUERY_LIVE_UNAVAILABLE', 'the service is stopping; try again in a second')
  const requestId = requestIdOf(request.headers)
  const address = socket.remoteAddress ?? ''
  const queryKey = queryKeyOf(request)
  assertHost(request.headers.host, deps.hosts)
  assertOrigin(request.headers, deps.corsOrigins)
  const { key } = deps.access.admit({ headers: request.headers, queryKey, address, scope: 'read', socket })
  const client = deps.clients.enter({ kind: 'websocket', address, key, requestId })
  socket.once('close', () => client[Symbol.dispose]()) // also where the handshake fails
  server.handleUpgrade(request, socket, head, (ws) => {
    const run = new WsConnection(ws, { socket, client, deps })
      .run()
      .catch((error: unknown) => {
        deps.onFailure(error, requestId)
        ws.close(CLOSE_CODES.internal.code, CLOSE_CODES.internal.doc)
      })
      .finally(() => running.delete(run))
    running.add(run)
  })
}
