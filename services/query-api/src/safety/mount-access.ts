import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RouteDeps } from '../api/route.ts'
import { QueryError } from '../errors.ts'
import type { Access, Caller } from './access.ts'

/** Asked by probes and by Prometheus, which have no keys; they tell nothing of ticks. */
const OPEN_PATHS: readonly string[] = ['/health', '/ready', '/metrics', '/system/health']
const PREFLIGHT_KEPT_SECONDS = 600

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before any route is run. */
    caller: Caller
  }
}

/** Lets requests in or refuses them before any route sees them: key, scope, limits, and which web pages may read the answers. */
export function mountAccess(
  app: FastifyInstance,
  access: Access,
  { corsOrigins, routes }: Pick<RouteDeps, 'corsOrigins' | 'routes'>,
): void {
  const heavy = new Set(routes.filter(({ tag }) => tag === 'history').map(({ id }) => id))
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    if (allowOrigin(request, reply, corsOrigins)) return reply.code(204).send()
    const { routeId } = request.routeOptions.config as { routeId?: string }
    const query = request.query as Record<string, unknown>
    const { api_key: queryKey } = query
    delete query.api_key // no route takes it, and no message repeats it
    request.caller = { key: undefined, id: `address ${request.ip}` }
    if (OPEN_PATHS.includes(request.url.split('?')[0] ?? '')) return undefined
    const scope = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'admin'
    request.caller = access.admit({ headers: request.headers, queryKey, address: request.ip, scope })
    if (request.method !== 'GET' || routeId === undefined || !heavy.has(routeId)) return undefined
    const query_ = access.beginHeavy(request.caller)
    reply.raw.once('close', () => query_.release())
    return undefined
  })
}

/** @returns whether it was a preflight, which is answered */
function allowOrigin({ headers, method }: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  const { origin } = headers
  if (origin === undefined || origins.length === 0) return false
  void reply.header('vary', 'Origin')
  if (!origins.includes(origin)) return false
  void reply
    .header('access-control-allow-origin', origin)
    .header('access-control-expose-headers', 'x-request-id, retry-after, etag, ibs-tail, ibs-position')
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false
  void reply
    .header('access-control-allow-methods', 'GET, HEAD, PUT, POST, DELETE')
    .header('access-control-allow-headers', 'authorization, content-type, last-event-id, x-api-key, x-request-id')
    .header('access-control-max-age', String(PREFLIGHT_KEPT_SECONDS))
  return true
}

/**
 * A WebSocket is not held back by a browser's rules, so its origin is looked at here: of a page of this server or an allowed one, or no browser at all.
 * @throws QueryError `IBS_QUERY_ORIGIN_REFUSED`
 */
export function assertOrigin(
  { origin, host }: { origin?: string | undefined; host?: string | undefined },
  origins: readonly string[],
): void {
  if (origin === undefined || origins.includes(origin) || origin === `http://${host}` || origin === `https://${host}`) return
  throw new QueryError('IBS_QUERY_ORIGIN_REFUSED', `pages of ${origin} may not connect; add it to API_CORS_ORIGINS`, {
    field: 'Origin',
    value: origin,
    allowed: origins,
  })
}
