import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RouteDeps, Tag } from '../api/route.ts'
import { QueryError } from '../errors.ts'
import type { Access, Caller } from './access.ts'
import { assertHost } from './host-name.ts'

/** Asked by probes and by Prometheus, which have no keys; they tell nothing of ticks. */
const OPEN_PATHS: readonly string[] = ['/health', '/ready', '/metrics', '/system/health']
/** Routes with these tags read files, or all events of the recorder, for as long as their answers take. */
const READ_FILES: readonly Tag[] = ['history', 'derived', 'files', 'truth']
/** The page asks for the key itself; its files are the same for everybody. */
const PAGE_PATH = /^\/(page\/.*)?$/
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
  { corsOrigins, hosts, routes }: Pick<RouteDeps, 'corsOrigins' | 'hosts' | 'routes'>,
): void {
  const heavy = new Set(routes.filter(({ tag }) => READ_FILES.includes(tag)).map(({ id }) => id))
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    const [path = ''] = request.url.split('?')
    const isOpen = OPEN_PATHS.includes(path)
    if (!isOpen) assertHost(request.headers.host, hosts)
    if (allowOrigin(request, reply, corsOrigins)) return reply.code(204).send()
    assertNotEmbedded(request.headers, corsOrigins)
    const { routeId } = request.routeOptions.config as { routeId?: string }
    const query = request.query as Record<string, unknown>
    const { api_key: queryKey } = query
    delete query.api_key // no route takes it, and no message repeats it
    request.caller = { key: undefined, id: `address ${request.ip}` }
    if (isOpen || PAGE_PATH.test(path)) return undefined
    const scope = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'admin'
    request.caller = access.admit({ headers: request.headers, queryKey, address: request.ip, scope, socket: request.raw.socket })
    if (scope !== 'read' || routeId === undefined || !heavy.has(routeId)) return undefined
    if (query.live === 'true' || query.live === '1') return undefined // a stream: it counts among those
    const query_ = access.beginHeavy(request.caller)
    reply.raw.once('close', () => query_.release())
    return undefined
  })
}

/** Headers of answers that pages of allowed origins may read. */
const EXPOSED = [
  ...['x-request-id', 'retry-after', 'etag', 'accept-ranges', 'content-range', 'content-disposition'],
  ...['ibs-tail', 'ibs-position', 'ibs-next', 'ibs-ticks', 'ibs-bytes', 'ibs-removed-ticks', 'ibs-session-source'],
]

/**
 * A foreign page may not read an answer, but it can have a browser ask (an image, a script, a frame), and what is asked for live is subscribed to. Browsers say so.
 * @throws QueryError `IBS_QUERY_ORIGIN_REFUSED`
 */
function assertNotEmbedded({ origin, ...headers }: FastifyRequest['headers'], origins: readonly string[]): void {
  const isVisit = headers['sec-fetch-mode'] === 'navigate' && (headers['sec-fetch-dest'] ?? 'document') === 'document'
  if (headers['sec-fetch-site'] !== 'cross-site' || isVisit || (origin !== undefined && origins.includes(origin))) return
  throw originRefused(origin ?? 'another site', origins)
}

/** @returns whether it was a preflight, which is answered */
function allowOrigin({ headers, method }: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  const { origin } = headers
  if (origin === undefined || origins.length === 0) return false
  void reply.header('vary', 'Origin')
  if (!origins.includes(origin)) return false
  void reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED.join(', '))
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false
  void reply
    .header('access-control-allow-methods', 'GET, HEAD, PUT, POST, DELETE')
    .header(
      'access-control-allow-headers',
      'authorization, content-type, if-none-match, if-range, last-event-id, range, x-api-key, x-request-id',
    )
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
  throw originRefused(origin, origins)
}

function originRefused(origin: string, origins: readonly string[]): QueryError {
  return new QueryError('IBS_QUERY_ORIGIN_REFUSED', `pages of ${origin} may not connect; add it to API_CORS_ORIGINS`, {
    field: 'Origin',
    value: origin,
    allowed: origins,
  })
}
