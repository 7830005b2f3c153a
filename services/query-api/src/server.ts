import { TapeError } from '@ib-stream/tape'
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { answerClientError, MAX_BODY_BYTES, MAX_HEADER_BYTES, REQUEST_WITHIN_MS } from './api/client-error.ts'
import { mountRoutes } from './api/mount-routes.ts'
import { PROBLEM_TYPE, retryAfterOf, toProblem } from './api/problem.ts'
import { requestIdOf } from './api/request-id.ts'
import type { Route, RouteDeps } from './api/route.ts'
import { ClientRegistry } from './clients/client-registry.ts'
import { ROUTES } from './routes.ts'
import { Access } from './safety/access.ts'
import { mountAccess } from './safety/mount-access.ts'
import type { ServerDeps } from './server-deps.ts'
import { isWebSocket, mountWebSocket } from './ws/mount-web-socket.ts'

/** The HTTP server with all its routes; not listening yet. */
export function buildServer(deps: ServerDeps, routes: readonly Route[] = ROUTES): FastifyInstance {
  const app = fastify({
    logger: false, // state changes and failures go to the service's own log
    http: { maxHeaderSize: MAX_HEADER_BYTES, shouldUpgradeCallback: isWebSocket },
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    return503OnClosing: false, // said below, in the form of all errors
    genReqId: ({ headers }) => requestIdOf(headers),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendProblem(deps, reply, error, request.id),
  })
  const closing = closeInTime(app)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    if (!closing.aborted) return
    reply.header('connection', 'close')
    throw new TapeError('IBS_TAPE_CLOSED', 'the service is stopping; ask again in a second')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { routeId } = request.routeOptions.config as { routeId?: string }
    deps.metrics.responded(routeId ?? 'none', reply.raw.statusCode, reply.elapsedTime / 1_000)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(deps, reply, error, request.id))
  const clients = new ClientRegistry(deps.limits, () => deps.nowUs())
  const access = new Access({ keys: deps.keys, limits: deps.limits })
  const routeDeps = { ...deps, closing, routes, clients, access }
  mountAccess(app, access, routeDeps)
  endWhoseKeyIsGone(app, routeDeps)
  mountRoutes(app, routeDeps)
  mountWebSocket(app, routeDeps)
  return app
}

const LOOK_FOR_KEYS_EVERY_MS = 1_000

/** A key that was taken back ends what runs by it. */
function endWhoseKeyIsGone(app: FastifyInstance, { keys, clients }: Pick<RouteDeps, 'keys' | 'clients'>): void {
  if (!keys) return
  const look = () => {
    const names = new Set(keys.keys.map(({ name }) => name))
    for (const { id, key } of clients.all) if (key !== undefined && !names.has(key)) clients.end(id, 'key')
  }
  const timer = setInterval(look, LOOK_FOR_KEYS_EVERY_MS).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}

/** How long answers under way may take once the server closes; live streams end at once. */
const CLOSE_WITHIN_MS = 10_000

/** @returns a signal that aborts when the server begins to close */
function closeInTime(app: FastifyInstance): AbortSignal {
  const closing = new AbortController()
  let deadline: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    closing.abort(new Error('the server is closing'))
    deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_WITHIN_MS)
  })
  app.addHook('onClose', async () => clearTimeout(deadline))
  return closing.signal
}

function sendProblem(deps: ServerDeps, reply: FastifyReply, error: unknown, requestId: string): void {
  const problem = toProblem(error, requestId)
  if (problem.code === 'IBS_QUERY_INTERNAL' && !reply.raw.destroyed) deps.onFailure(error, requestId)
  const retryAfter = retryAfterOf(error, problem)
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter))
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer')
  // as bytes: fastify would add a charset of its own to a text, and look for a serializer of an object
  void reply.code(problem.status).header('content-type', PROBLEM_TYPE).header('cache-control', 'no-store').send(JSON.stringify(problem))
}
