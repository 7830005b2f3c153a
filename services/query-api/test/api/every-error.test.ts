import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { IbsError } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { z } from 'zod'
import { MAX_BODY_BYTES, MAX_HEADER_BYTES } from '../../src/api/client-error.ts'
import { problemSchema } from '../../src/api/problem.ts'
import { type KnownCode, PROBLEMS } from '../../src/api/problem-table.ts'
import { defineRoute } from '../../src/api/route.ts'
import { ROUTES } from '../../src/routes.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const echo = defineRoute({
  method: 'PUT',
  path: '/test/echo',
  id: 'echo',
  tag: 'service',
  summary: 'Gives the body back',
  body: z.strictObject({ cid: z.int('a contract id') }),
  answers: { 200: { doc: 'The body.', content: { 'application/json': z.strictObject({ cid: z.int() }) } } },
  handle: ({ body }) => body,
})
/** Fails with the code that its path names, as a handler would. */
const fail = defineRoute({
  path: '/test/fail',
  id: 'fail',
  tag: 'service',
  summary: 'Fails',
  answers: {},
  errors: Object.keys(PROBLEMS) as KnownCode[],
  handle: ({ request }) => {
    throw new IbsError(String(request.headers['x-code']), 'as it was asked for')
  },
})
let server: StandingServer

beforeAll(async () => {
  server = await startServer({ dataDir: tmpdir() }, [...ROUTES, echo, fail])
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.url}${path}`, { headers })
const put = (body: string, type = 'application/json') =>
  fetch(`${server.url}/test/echo`, { method: 'PUT', body, headers: { 'content-type': type } })
const failing = (code: KnownCode) => get('/test/fail', { 'x-code': code })

/** One request for each error; the compiler asks for the missing one. What needs a log, files or contracts has its own test besides. */
const REQUESTS: Record<KnownCode, () => Promise<Response>> = {
  IBS_QUERY_PARAMETER_INVALID: () => get('/v3/buffer/1/query?limit=0'),
  IBS_QUERY_PARAMETER_UNKNOWN: () => get('/v3/buffer/1/query?limt=1'),
  IBS_QUERY_RANGE_INVALID: () => get('/v3/buffer/1/query?start_time=2&end_time=1'),
  IBS_QUERY_SESSION_UNKNOWN: () => failing('IBS_QUERY_SESSION_UNKNOWN'),
  IBS_QUERY_CONTRACT_UNKNOWN: () => failing('IBS_QUERY_CONTRACT_UNKNOWN'),
  IBS_QUERY_CONTRACT_AMBIGUOUS: () => failing('IBS_QUERY_CONTRACT_AMBIGUOUS'),
  IBS_QUERY_CONTRACT_UNAVAILABLE: () => get('/v3/buffer/AAPL/query'),
  IBS_QUERY_BODY_INVALID: () => put('{"cid":"x"}'),
  IBS_QUERY_FORMAT_UNACCEPTABLE: () => get('/v3/buffer/1/query', { accept: 'image/png' }),
  IBS_QUERY_REQUEST_INVALID: () => put('{"cid":'),
  IBS_QUERY_REQUEST_TOO_LARGE: () => put(' '.repeat(MAX_BODY_BYTES + 1)),
  IBS_QUERY_ROUTE_UNKNOWN: () => get('/v4'),
  IBS_QUERY_METHOD_NOT_ALLOWED: () => fetch(`${server.url}/v3/info`, { method: 'DELETE' }),
  IBS_QUERY_LIVE_UNAVAILABLE: () => get('/v3/stream/1/live'),
  IBS_QUERY_UPGRADE_REQUIRED: () => get('/v3/ws/stream'),
  IBS_QUERY_MESSAGE_INVALID: () => failing('IBS_QUERY_MESSAGE_INVALID'),
  IBS_QUERY_SUBSCRIPTION_UNKNOWN: () => failing('IBS_QUERY_SUBSCRIPTION_UNKNOWN'),
  IBS_QUERY_TOO_MANY_STREAMS: () => failing('IBS_QUERY_TOO_MANY_STREAMS'),
  IBS_QUERY_TOO_MANY_REQUESTS: () => failing('IBS_QUERY_TOO_MANY_REQUESTS'),
  IBS_QUERY_KEY_MISSING: () => failing('IBS_QUERY_KEY_MISSING'),
  IBS_QUERY_KEY_FORBIDDEN: () => failing('IBS_QUERY_KEY_FORBIDDEN'),
  IBS_QUERY_ORIGIN_REFUSED: () => failing('IBS_QUERY_ORIGIN_REFUSED'),
  IBS_QUERY_HOST_REFUSED: () => failing('IBS_QUERY_HOST_REFUSED'),
  IBS_QUERY_INGEST_AWAY: () => get('/health/streams'),
  IBS_QUERY_NOT_RECORDED: () => failing('IBS_QUERY_NOT_RECORDED'),
  IBS_QUERY_NOT_TRACKED: () => failing('IBS_QUERY_NOT_TRACKED'),
  IBS_QUERY_FILE_UNKNOWN: () => failing('IBS_QUERY_FILE_UNKNOWN'),
  IBS_QUERY_FILE_OPEN: () => failing('IBS_QUERY_FILE_OPEN'),
  IBS_QUERY_BYTES_OUTSIDE: () => failing('IBS_QUERY_BYTES_OUTSIDE'),
  IBS_QUERY_CLIENT_UNKNOWN: () => fetch(`${server.url}/v3/clients/00000000-0000-0000-0000-000000000000`, { method: 'DELETE' }),
  IBS_QUERY_INTERNAL: () => get('/test/fail', { 'x-code': 'EIO' }),
  IBS_TAPE_CURSOR_GONE: () => failing('IBS_TAPE_CURSOR_GONE'),
  IBS_TAPE_SLOW_CONSUMER: () => failing('IBS_TAPE_SLOW_CONSUMER'),
  IBS_TAPE_LOG_CUT: () => failing('IBS_TAPE_LOG_CUT'),
  IBS_TAPE_LOG_AWAY: () => failing('IBS_TAPE_LOG_AWAY'),
  IBS_TAPE_TAIL_GONE: () => failing('IBS_TAPE_TAIL_GONE'),
  IBS_STORAGE_RANGE_UNSTABLE: () => failing('IBS_STORAGE_RANGE_UNSTABLE'),
  IBS_STORAGE_SEGMENT_GONE: () => failing('IBS_STORAGE_SEGMENT_GONE'),
  IBS_STORAGE_MANIFEST_AHEAD: () => failing('IBS_STORAGE_MANIFEST_AHEAD'),
  IBS_STORAGE_CHECKPOINT_AHEAD: () => failing('IBS_STORAGE_CHECKPOINT_AHEAD'),
  IBS_STORAGE_RECORD_TORN: () => failing('IBS_STORAGE_RECORD_TORN'),
  IBS_TAPE_TAIL_TOO_LONG: () => failing('IBS_TAPE_TAIL_TOO_LONG'),
  IBS_TAPE_CLOSED: () => failing('IBS_TAPE_CLOSED'),
}

test.each(Object.entries(REQUESTS))('%s is a problem document with its status and the request id', async (code, request) => {
  const response = await request()
  const { status, title } = PROBLEMS[code as KnownCode]
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8'])
  const problem = problemSchema.parse(await response.json())
  expect(problem).toMatchObject({ code, status, title, type: `urn:ib-stream:error:${code}` })
  expect(problem.instance).toBe(`urn:ib-stream:request:${response.headers.get('x-request-id')}`)
  expect(response.headers.get('retry-after')).toBe(status === 503 || status === 429 ? '1' : null)
})

test('a body is read by its rule, and only as JSON', async () => {
  expect(await (await put('{"cid":7}')).json()).toEqual({ cid: 7 })
  expect(await (await put('{"cid":7,"more":1}')).json()).toMatchObject({ code: 'IBS_QUERY_BODY_INVALID' })
  expect(await (await put('{"cid":"x"}')).json()).toMatchObject({ field: 'cid', allowed: 'a contract id' })
  expect(await (await put('<cid/>', 'text/xml')).json()).toMatchObject({ code: 'IBS_QUERY_REQUEST_INVALID' })
})

test('a request id that is a plain word is kept, anything else replaced', async () => {
  expect((await get('/v3/info', { 'x-request-id': 'mine-1' })).headers.get('x-request-id')).toBe('mine-1')
  for (const bad of ['two words', 'x'.repeat(65), '{"a":1}']) {
    expect((await get('/v3/info', { 'x-request-id': bad })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  }
})

/** What comes back for bytes that are no proper request. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

test('what is no HTTP, or has headers without end, is answered with a problem and closed', async () => {
  const nonsense = await raw('NONSENSE\r\n\r\n')
  expect(nonsense).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(nonsense).toContain('IBS_QUERY_REQUEST_INVALID')
  const wide = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-wide: ${'x'.repeat(MAX_HEADER_BYTES)}\r\n\r\n`)
  expect(wide).toMatch(/^HTTP\/1\.1 413 /)
  expect(wide).toContain('IBS_QUERY_REQUEST_TOO_LARGE')
})

test('HEAD is answered like GET, without the body', async () => {
  for (const { method, path, query } of ROUTES) {
    if (method !== 'GET' || /stream|{study}|{stamp}|{file}|contracts|health|tracked|time.status|coverage/.test(path) || query?.contracts)
      continue // they need NATS
    const response = await fetch(`${server.url}${path.replace('{cid}', '1')}`, { method: 'HEAD' })
    expect([path, response.status, await response.text()]).toEqual([path, 200, ''])
  }
})
