import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { QueryError } from '../errors.ts'
import type { Parameters } from './parameter.ts'
import { readHeaders, readPath, readQuery } from './read-parameters.ts'
import type { Call, Method, Route, RouteDeps } from './route.ts'

const NONE: Parameters = {}

/** Mounts every route; a GET also answers HEAD. What no route answers gets 404, a known path with another method 405. */
export function mountRoutes(app: FastifyInstance, deps: RouteDeps): void {
  for (const route of deps.routes) {
    app.route({
      method: methodsOf(route),
      url: fastifyPath(route.path),
      config: { routeId: route.id },
      handler: (request, reply) => route.handle(callOf(route, request, reply), deps),
    })
  }
  const paths = deps.routes.map((route) => ({ route, form: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const others = paths.filter(({ form }) => form.test(path)).flatMap(({ route }) => methodsOf(route))
    if (others.length === 0) throw routeUnknown(request.method, path, deps.routes)
    void reply.header('allow', others.join(', '))
    throw new QueryError('IBS_QUERY_METHOD_NOT_ALLOWED', `${path} does not take ${request.method}; use ${others.join(', ')}`, {
      field: 'method',
      value: request.method,
      allowed: others,
    })
  })
}

export const methodsOf = ({ method }: Route): (Method | 'HEAD')[] => (method === 'GET' ? ['GET', 'HEAD'] : [method])

/** `/v3/buffer/{cid}/query` as fastify writes it: `/v3/buffer/:cid/query`. */
const fastifyPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

function callOf(route: Route, request: FastifyRequest, reply: FastifyReply): Call {
  const { pathParameters = NONE, query = NONE, headers = NONE } = route
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(new Error('the client has gone')))
  return {
    path: readPath(pathParameters, request.params as Record<string, unknown>),
    query: readQuery(query, request.query as Record<string, unknown>),
    headers: readHeaders(headers, request.headers),
    body: readBody(route, request.body),
    isHead: request.method === 'HEAD',
    gone: gone.signal,
    request,
    reply,
  }
}

function readBody({ body }: Route, given: unknown): unknown {
  if (body === undefined) return undefined
  const result = body.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.map(String).join('.') || 'body'
  const problem = issue?.message ?? 'is wrong'
  throw new QueryError('IBS_QUERY_BODY_INVALID', `${field}: ${problem}; /docs has the form of the body`, { field, allowed: problem })
}

function routeUnknown(method: string, path: string, routes: readonly Route[]): QueryError {
  const allowed = routes.map((route) => `${route.method} ${route.path}`)
  return new QueryError('IBS_QUERY_ROUTE_UNKNOWN', `there is no ${method} ${path}; /docs describes what there is`, { allowed })
}
