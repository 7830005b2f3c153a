import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { overlap, SUBJECTS } from '../../../../tools/check/routing-map.ts'
import { asyncApiOf } from '../../src/api/asyncapi.ts'
import { OPS_EVENTS } from '../../src/api/bus-messages.ts'
import { channelsOf } from '../../src/api/channels.ts'
import { docsPage } from '../../src/api/docs-page.ts'
import { errorsOf, openApiOf } from '../../src/api/openapi.ts'
import { KNOWN_CODES, PROBLEMS } from '../../src/api/problem-table.ts'
import { TAGS } from '../../src/api/route.ts'
import { ROUTES } from '../../src/routes.ts'
import { END_REASONS, RECORDING_STATES, STREAM_EVENTS } from '../../src/stream/events.ts'
import { RECORDER_EVENTS } from '../../src/stream/recorder-events.ts'
import { CLIENT_MESSAGES } from '../../src/ws/client-messages.ts'
import { CLOSE_CODES } from '../../src/ws/close-codes.ts'
import { CONNECTION_MESSAGES } from '../../src/ws/server-messages.ts'

const REPOSITORY = join(__dirname, '../../../..')
const page = readFileSync(join(REPOSITORY, 'docs/reference/http-api.md'), 'utf8')

/** The official schemas use words of their own, which a validator may complain about. */
const LENIENT = { strict: false, validateFormats: false, allErrors: true } as const
const schemaOf = (path: string) => createRequire(__filename)(path) as object

interface Operation {
  operationId: string
  parameters: { name: string; in: string }[]
  responses: Record<string, unknown>
}

test('openapi.json is valid OpenAPI 3.1 and holds exactly the routes, parameters and statuses that are served', () => {
  const document = openApiOf(ROUTES)
  const validate = new Ajv2020(LENIENT).compile(schemaOf('@seriousme/openapi-schema-validator/schemas/v3.1/schema.json'))
  validate(document)
  expect(validate.errors ?? []).toEqual([])
  const paths = document.paths as Record<string, Record<string, Operation>>
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted())
  for (const route of ROUTES) {
    const operation = paths[route.path]?.[route.method.toLowerCase()]
    const names = [route.pathParameters, route.query, route.headers].flatMap((parameters) => Object.keys(parameters ?? {}))
    expect(operation?.parameters.map(({ name }) => name)).toEqual(names)
    const statuses = [...Object.keys(route.answers), ...errorsOf(route).map((code) => String(PROBLEMS[code].status))]
    expect(Object.keys(operation?.responses ?? {}).toSorted()).toEqual([...new Set(statuses)].toSorted())
  }
  expect(JSON.stringify(document)).not.toContain('$defs')
})

test('asyncapi.json is valid AsyncAPI 3.0 and has every stream with its events, and the bus', () => {
  const validate = new Ajv(LENIENT).compile(schemaOf('@asyncapi/specs/schemas/3.0.0-without-$id.json'))
  const document = asyncApiOf(ROUTES)
  validate(document)
  expect(validate.errors ?? []).toEqual([])
  const channels = document.channels as Record<string, { messages: object }>
  for (const { id, events = [] } of ROUTES) if (events.length > 0) expect(Object.keys(channels[id]?.messages ?? {})).toEqual([...events])
  const wanted = [...Object.keys(CONNECTION_MESSAGES), ...Object.keys(STREAM_EVENTS), ...Object.keys(CLIENT_MESSAGES)]
  expect(Object.keys(channels.webSocket?.messages ?? {})).toEqual(wanted)
  expect(Object.keys(channels.recorderEvents?.messages ?? {})).toEqual(Object.keys(RECORDER_EVENTS))
  expect(Object.keys(channels.ops?.messages ?? {})).toEqual(Object.keys(OPS_EVENTS))
})

test('asyncapi.json has every subject of ours on the bus but those between our own services', () => {
  const own = ['ib.admin.', 'ib.log.', 'ib.replies.', 'ticks_invalid.'] // files, trimming, long answers, what is no tick
  const addresses = channelsOf(ROUTES).flatMap(({ server, address }) => (server === 'bus' ? [address.replaceAll(/\{\w+\}/g, '*')] : []))
  const others = SUBJECTS.filter((subject) => !own.some((prefix) => subject.startsWith(prefix)))
  expect(others.filter((subject) => !addresses.some((address) => overlap(address, subject)))).toEqual([])
  expect(addresses.filter((address) => !others.some((subject) => overlap(address, subject)))).toEqual([])
  expect(others.length).toBeGreaterThan(5)
})

test('every reference of both documents leads somewhere', () => {
  for (const document of [openApiOf(ROUTES), asyncApiOf(ROUTES)]) {
    for (const [, reference = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = reference.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document)
      expect([reference, found === undefined]).toEqual([reference, false])
    }
  }
})

test('ids and tags are used as they should: ids once, each tag by a route', () => {
  const ids = ROUTES.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect([...new Set(ROUTES.map(({ tag }) => tag))].toSorted()).toEqual(Object.keys(TAGS).toSorted())
  for (const { path, pathParameters = {} } of ROUTES) {
    expect([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(Object.keys(pathParameters))
  }
})

test('every error that can be answered is declared by a route or met before any', () => {
  const beforeRoutes = ['IBS_QUERY_ROUTE_UNKNOWN', 'IBS_QUERY_METHOD_NOT_ALLOWED']
  const byBodies = ['IBS_QUERY_BODY_INVALID']
  const onWebSockets = ['IBS_QUERY_MESSAGE_INVALID', 'IBS_QUERY_SUBSCRIPTION_UNKNOWN']
  const declared = new Set([...ROUTES.flatMap(errorsOf), ...beforeRoutes, ...byBodies, ...onWebSockets])
  expect(KNOWN_CODES.filter((code) => !declared.has(code))).toEqual([])
})

test('docs/reference/http-api.md names every route and every parameter of it', () => {
  const wanted = ROUTES.flatMap(({ path, query = {}, headers = {} }) => [
    path,
    ...[...Object.keys(query), ...Object.keys(headers)].map((name) => `\`${name}\``),
  ])
  expect(wanted.filter((name) => !page.includes(name))).toEqual([])
})

test('docs/reference/http-api.md names every message of a WebSocket, every close code and every reason to end', () => {
  const names = [
    ...Object.keys(CONNECTION_MESSAGES),
    ...Object.keys(STREAM_EVENTS),
    ...Object.keys(CLIENT_MESSAGES),
    ...END_REASONS,
    ...RECORDING_STATES,
  ]
  const codes = Object.values(CLOSE_CODES).map(({ code }) => String(code))
  expect([...names, ...codes].filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

test('docs/guides/from-the-python-system.md sends nobody to a route or a test that is not there', () => {
  const guide = readFileSync(join(REPOSITORY, 'docs/guides/from-the-python-system.md'), 'utf8')
  const rows = guide.split('\n').flatMap((line) => {
    const [, , now = '', tests = ''] = line.split('|')
    return line.startsWith('| `') || line.startsWith('| –') ? [{ now, tests }] : []
  })
  const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
  const routes = ROUTES.map(({ path }) => path)
  const gone = rows.flatMap(({ now }) => quoted(now)).filter((word) => word.startsWith('/') && !routes.includes(word))
  const inRepository = (path: string) =>
    join(REPOSITORY, /^(test|libs|apps|services)\//.test(path) ? path : `services/query-api/test/${path}`)
  const missing = rows.flatMap(({ tests }) => quoted(tests)).filter((path) => !existsSync(inRepository(path)))
  expect({ gone, missing, rows: rows.length > 20 }).toEqual({ gone: [], missing: [], rows: true })
})

/** What the Python system offered, as its own code has it: paths of both servers, messages, studies. */
const OLD = [
  ...['/', '/health', '/storage/status', '/background/status', '/background/health', '/background/health/summary'],
  ...['/background/health/detailed', '/background/health/{id}', '/time/status', '/time/drift/history', '/system/health'],
  ...['/v2/stream/{id}/live/{tick_type}', '/v2/stream/{id}/live', '/v2/stream/{id}/buffer', '/v2/info', '/stream/info'],
  ...['/stream/{id}/{tick_type}', '/stream/active', 'DELETE /stream/all', 'DELETE /stream/{id}', '/ws/stats'],
  ...['/v2/buffer/{id}/info', '/v2/buffer/{id}/stats', '/v2/buffer/{id}/range', '/v2/buffer/{id}/range/stream'],
  ...['/v3/info', '/v3/buffer/{id}/info', '/v3/buffer/{id}/query', '/v3/buffer/{id}/range', '/v3/storage/stats', '/v3/storage/files/{id}'],
  ...['/lookup/{ticker}', '/lookup/{ticker}/{sec_type}', '/contracts/{id}', '/market-status/{id}', '/trading-hours/{id}'],
  ...['/trading-schedule/{id}', '/cache/status', 'DELETE /cache/clear'],
  ...['/v2/ws/stream', '/ws/stream/{id}/multi', '/ws/stream/{id}/{tick_type}', '/ws/control'],
  ...[
    'subscribe',
    'unsubscribe',
    'ping',
    'pong',
    'connected',
    'subscribed',
    'tick',
    'error',
    'complete',
    'info',
    'get_stats',
    'stats',
    'status',
  ],
  ...['CONTRACT_NOT_FOUND', 'CONNECTION_ERROR', 'RATE_LIMIT_EXCEEDED', 'INVALID_TICK_TYPE', 'STREAM_TIMEOUT', 'PERMISSION_DENIED'],
  ...['INTERNAL_ERROR', 'INVALID_MESSAGE', 'INVALID_REQUEST', 'STREAM_ERROR', 'BUFFER_ERROR'],
  ...['delta', 'true-delta', 'multi_delta', 'vwap', 'bollinger', 'passthrough'],
]

test('docs/guides/from-the-python-system.md names everything that the Python system offered', () => {
  const guide = readFileSync(join(REPOSITORY, 'docs/guides/from-the-python-system.md'), 'utf8')
  const old = guide
    .split('\n')
    .flatMap((line) => [...(/^\| ([^|]+)\|/.exec(line)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word))
  expect(OLD.filter((name) => !old.includes(name))).toEqual([])
})

test('the page for people has every route, escapes what it shows and loads nothing', () => {
  const html = docsPage(ROUTES)
  for (const { id, path } of ROUTES) {
    expect(html).toContain(`id="${id}"`)
    expect(html).toContain(path)
  }
  expect(html).not.toMatch(/<script|https?:\/\//)
  const strange = { ...ROUTES[0], summary: '<b>"&' } as (typeof ROUTES)[number]
  expect(docsPage([strange])).toContain('&lt;b&gt;&quot;&amp;')
})
