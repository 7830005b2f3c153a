import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { errorsOf } from '../../src/api/openapi.ts'
import { type Problem, problemSchema } from '../../src/api/problem.ts'
import { PROBLEMS } from '../../src/api/problem-table.ts'
import type { Route } from '../../src/api/route.ts'

/** How an answer differs from what its route declares: status, media type, body, error code; undefined where it does not. */
export function breachOf(routes: readonly Route[], request: FastifyRequest, reply: FastifyReply, payload: unknown): string | undefined {
  const { routeId } = request.routeOptions.config as { routeId?: string }
  const route = routes.find(({ id }) => id === routeId)
  if (request.method === 'OPTIONS' && reply.statusCode === 204) return undefined // a preflight of a browser, for any path
  const what = `${request.method} ${request.url} ${reply.statusCode}`
  const [type] = String(reply.getHeader('content-type') ?? '').split(';')
  if (type === 'application/problem+json') {
    const wrong = problemBreach(route, reply.statusCode, String(payload))
    return wrong && `${what}: ${wrong}`
  }
  if (!route) return `${what}: no route answers without a problem`
  const answer = route.answers[reply.statusCode]
  if (!answer) return `${what}: ${route.id} declares no such status`
  if (payload === undefined || payload === null || payload === '') return undefined
  const form = answer.content?.[type ?? '']
  if (form === undefined) return `${what}: ${route.id} declares no ${type}`
  if (typeof form === 'string' || typeof payload !== 'string') return undefined
  const result = form.safeParse(JSON.parse(payload))
  return result.success ? undefined : `${what}: ${z.prettifyError(result.error)}`
}

function problemBreach(route: Route | undefined, status: number, text: string): string | undefined {
  const result = problemSchema.safeParse(JSON.parse(text))
  if (!result.success) return z.prettifyError(result.error)
  const problem: Problem = result.data
  if (problem.status !== status || PROBLEMS[problem.code].status !== status) return `the problem says ${problem.status}`
  return route && !errorsOf(route).includes(problem.code) ? `${route.id} declares no ${problem.code}` : undefined
}
