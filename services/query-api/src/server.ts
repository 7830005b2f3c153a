import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { QueryError } from './errors.ts'
import { answerHistory } from './history-route.ts'
import { describeApi, ROUTES } from './info-route.ts'
import { answerLive } from './live-route.ts'
import { PROBLEM_TYPE, toProblem } from './problem.ts'
import type { ServerDeps } from './server-deps.ts'

/** The HTTP server with all its routes; not listening yet. */
export function buildServer(deps: ServerDeps): FastifyInstance {
  const app = fastify({
    logger: false, // state changes and failures go to the service's own log
    exposeHeadRoutes: false, // a HEAD of a query would read the whole range
    frameworkErrors: (error, _request, reply) => sendProblem(deps, reply, error),
  })
  const closing = closeInTime(app)
  app.setErrorHandler((error, _request, reply) => sendProblem(deps, reply, error))
  app.setNotFoundHandler((request, reply) => sendProblem(deps, reply, routeUnknown(request.method, request.url)))
  app.get('/v3/info', () => describeApi())
  app.get('/v3/buffer/:cid/query', (request, reply) => answerHistory(deps, request, reply))
  app.get('/v3/stream/:cid/live', (request, reply) => answerLive({ ...deps, closing }, request, reply))
  for (const path of ['/health', '/ready']) {
    app.get(path, (_request, reply) => {
      const health = deps.health()
      return reply.code(health.ready ? 200 : 503).send(health)
    })
  }
  app.get('/metrics', async (_request, reply) => reply.header('content-type', 'text/plain; version=0.0.4').send(await deps.metricsText()))
  return app
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

function sendProblem(deps: ServerDeps, reply: FastifyReply, error: unknown): void {
  const problem = toProblem(error)
  if (problem.code === 'IBS_QUERY_INTERNAL' && !reply.raw.destroyed) deps.onFailure(error)
  if (problem.status === 503) void reply.header('retry-after', '1')
  void reply.code(problem.status).header('content-type', PROBLEM_TYPE).send(problem)
}

function routeUnknown(method: string, url: string): QueryError {
  const allowed = Object.keys(ROUTES).map((path) => `GET ${path}`)
  return new QueryError('IBS_QUERY_ROUTE_UNKNOWN', `there is no ${method} ${url.split('?')[0]}; /v3/info describes what there is`, {
    allowed,
  })
}
