import { VERSION } from '@ib-stream/service'
import { STREAM_EVENTS } from '../stream/events.ts'
import { type Definitions, schemaIn } from './json-schema.ts'
import type { JsonSchema, Parameter, Parameters } from './parameter.ts'
import { problemSchema } from './problem.ts'
import { COMMON_ERRORS, type KnownCode, PROBLEMS } from './problem-table.ts'
import { type AnswerDoc, type BodyForm, type Route, TAGS } from './route.ts'

/** The routes as an OpenAPI 3.1 document. */
export function openApiOf(routes: readonly Route[]): JsonSchema {
  const schemas: Definitions = {}
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    paths[route.path] = path
    path[route.method.toLowerCase()] = operation(route, schemas)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'ib-stream',
      version: VERSION,
      summary: 'Ticks of Interactive Brokers, recorded and live',
      description:
        'Times are µs since 1970-01-01 UTC. Every GET also answers HEAD. Errors are problem documents (RFC 9457); decide by `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas },
  }
}

function operation(route: Route, schemas: Definitions): JsonSchema {
  const { id, tag, summary, body } = route
  const description = descriptionOf(route)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === '' ? {} : { description }),
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaIn(schemas, body, 'input') } } } }),
    responses: { ...answersOf(route, schemas), ...problemsOf(route, schemas) },
  }
}

function descriptionOf({ description = '', events = [] }: Route): string {
  const listed = events.map((name) => `- \`${name}\`: ${STREAM_EVENTS[name].doc}`)
  return [description, ...(listed.length > 0 ? [`Events:\n\n${listed.join('\n')}`] : [])].filter((part) => part !== '').join('\n\n')
}

function parametersOf({ pathParameters = {}, query = {}, headers = {} }: Route): JsonSchema[] {
  const listed = (parameters: Parameters, place: 'path' | 'query' | 'header') =>
    Object.entries(parameters).map(([name, parameter]) => parameterOf(name, place, parameter))
  return [...listed(pathParameters, 'path'), ...listed(query, 'query'), ...listed(headers, 'header')]
}

function parameterOf(name: string, place: 'path' | 'query' | 'header', parameter: Parameter): JsonSchema {
  const { doc, allowed, default: unset, schema } = parameter
  const words = typeof allowed === 'string' ? ` Allowed: ${allowed}.` : ''
  return {
    name,
    in: place,
    required: place === 'path',
    description: `${doc}${words}${unset === undefined ? '' : ` Default: ${unset}.`}`,
    schema,
    ...(schema.type === 'array' ? { style: place === 'query' ? 'form' : 'simple', explode: false } : {}),
  }
}

function answersOf({ answers }: Route, schemas: Definitions): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, schemas)]))
}

function answerOf({ doc, content, headers }: AnswerDoc, schemas: Definitions): JsonSchema {
  const forms = Object.entries(content ?? {}).map(([type, form]) => [type, { schema: formOf(form, schemas) }])
  const named = Object.entries(headers ?? {}).map(([name, description]) => [name, { description, schema: { type: 'string' } }])
  return {
    description: doc,
    ...(named.length > 0 ? { headers: Object.fromEntries(named) } : {}),
    ...(forms.length > 0 ? { content: Object.fromEntries(forms) } : {}),
  }
}

function formOf(form: BodyForm, schemas: Definitions): JsonSchema {
  if (form === 'text') return { type: 'string' }
  return form === 'bytes' ? { type: 'string', format: 'binary' } : schemaIn(schemas, form, 'output')
}

/** Everything that a route may fail with. */
export function errorsOf({ errors = [], pathParameters = {}, query = {}, headers = {}, body }: Route): KnownCode[] {
  const hasParameters = [pathParameters, query, headers].some((parameters) => Object.keys(parameters).length > 0)
  return [
    ...new Set([
      ...(hasParameters ? (['IBS_QUERY_PARAMETER_INVALID'] as const) : []),
      ...(body === undefined ? [] : (['IBS_QUERY_BODY_INVALID'] as const)),
      ...errors,
      ...COMMON_ERRORS,
    ]),
  ]
}

/** Errors by status; a status that is also a good answer (503 of /health) keeps both bodies. */
function problemsOf(route: Route, schemas: Definitions): Record<string, JsonSchema> {
  const byStatus = Map.groupBy(errorsOf(route), (code) => PROBLEMS[code].status)
  const problem = { schema: schemaIn(schemas, problemSchema, 'output') }
  const entries = [...byStatus].map(([status, codes]) => {
    const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. ')
    const good = route.answers[status] && answerOf(route.answers[status], schemas)
    const content = { ...(good?.content as JsonSchema | undefined), 'application/problem+json': problem }
    return [String(status), { description: good ? `${good.description} ${description}` : description, content }]
  })
  return Object.fromEntries(entries)
}
