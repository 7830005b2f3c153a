import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashOf } from '@ib-stream/service'
import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { openRecording, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { defineRoute, type Route } from '../../src/api/route.ts'
import { ROUTES } from '../../src/routes.ts'
import { type KeyFile, openKeyFile } from '../../src/safety/key-file.ts'
import { assertProtected } from '../../src/safety/must-be-protected.ts'
import type { ServerDeps } from '../../src/server-deps.ts'
import { type StandingServer, startServer } from '../standing-server.ts'
import { openWs } from '../ws/ws-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'ibs-keys-'))
const path = join(folder, 'keys')
const READ = 'read-key-0123456789'
const ADMIN = 'admin-key-0123456789'
const line = (name: string, scope: string, key: string) => `${name} ${scope} ${hashOf(key).toString('hex')}`
/** As people do it who replace files whole. */
function write(...lines: string[]): void {
  writeFileSync(`${path}.new`, `# name scope sha256\n\n${lines.join('\n')}\n`)
  renameSync(`${path}.new`, path)
}

const stop = new AbortController()
const changes: (string | undefined)[] = []
let recording: Recording
let hub: LiveHub
let keys: KeyFile

beforeAll(async () => {
  recording = await openRecording()
  hub = await openLiveHub({ bus: recording.bus, signal: stop.signal })
  write(line('reader', 'read', READ), line('boss', 'admin', ADMIN))
  keys = openKeyFile(path, ({ problem }) => changes.push(problem))
})
afterAll(async () => {
  stop.abort(new Error('the test is over'))
  keys?.[Symbol.dispose]()
  await hub?.close()
  await recording?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const start = (deps: Partial<ServerDeps> = {}, routes?: readonly Route[]) =>
  startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, ...deps }, routes)
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

test('with keys every request needs one, in a header or where headers cannot be set; state pages need none', async () => {
  await using server = await start({ keys })
  for (const url of ['/v3/info', '/openapi.json', '/docs', '/v3/stream/1/live', '/nothing']) {
    const response = await fetch(`${server.url}${url}`)
    expect([url, response.status, await codeOf(response)]).toEqual([url, 401, 'IBS_QUERY_KEY_MISSING'])
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
  }
  expect((await fetch(`${server.url}/v3/info`, bearer('another'))).status).toBe(401)
  expect((await fetch(`${server.url}/v3/info`, bearer(READ))).status).toBe(200)
  expect((await fetch(`${server.url}/v3/info`, { headers: { 'x-api-key': READ } })).status).toBe(200)
  expect((await fetch(`${server.url}/v3/info?api_key=${READ}`)).status).toBe(200)
  expect((await fetch(`${server.url}/v3/info?api_key=x&api_key=${READ}`)).status).toBe(401)
  for (const url of ['/ready', '/metrics']) expect((await fetch(`${server.url}${url}`)).status).toBe(200)
  for (const url of ['/health', '/system/health']) expect((await fetch(`${server.url}${url}`)).status).toBe(503) // nothing else runs here
})

test('a key that may only read changes nothing', async () => {
  await using server = await start({ keys })
  const url = `${server.url}/v3/clients/00000000-0000-0000-0000-000000000000`
  const refused = await fetch(url, { method: 'DELETE', ...bearer(READ) })
  expect([refused.status, await codeOf(refused)]).toEqual([403, 'IBS_QUERY_KEY_FORBIDDEN'])
  expect((await fetch(url, { method: 'DELETE', ...bearer(ADMIN) })).status).toBe(404)
})

/** The answer to a WebSocket that is refused. */
async function refusalOf(server: StandingServer, options: { query?: string; origin?: string }): Promise<number> {
  const ws = new WebSocket(
    `${server.url.replace('http', 'ws')}/v3/ws/stream${options.query ?? ''}`,
    options.origin ? { origin: options.origin } : {},
  )
  ws.on('error', () => undefined)
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number; destroy(): void }]
  response.destroy()
  ws.terminate()
  return response.statusCode
}

test('a WebSocket needs a key too, takes nothing else in its address, and comes from no foreign page', async () => {
  await using server = await start({ keys, corsOrigins: ['https://good.example'] })
  expect(await refusalOf(server, {})).toBe(401)
  expect(await refusalOf(server, { query: `?api_key=${READ}x` })).toBe(401)
  expect(await refusalOf(server, { query: `?api_key=${READ}&more=1` })).toBe(400)
  expect(await refusalOf(server, { query: `?api_key=${READ}`, origin: 'https://evil.example' })).toBe(403)
  await using client = await openWs(server.url, { path: `/v3/ws/stream?api_key=${READ}` })
  await until('it is connected', () => client.frames.length === 1)
})

test('keys are changed without a restart: a new one counts, one that is taken back ends what runs by it; a broken file changes nothing', async () => {
  await using server = await start({ keys })
  await using client = await openWs(server.url, { path: `/v3/ws/stream?api_key=${READ}` })
  await until('it is listed', async () =>
    JSON.stringify(await (await fetch(`${server.url}/v3/clients`, bearer(ADMIN))).json()).includes('"reader"'),
  )
  writeFileSync(path, 'nonsense\n')
  await until('it was read', () => changes.length === 1)
  expect(changes[0]).toContain('line 1')
  expect((await fetch(`${server.url}/v3/info`, bearer(READ))).status).toBe(200)
  write(line('boss', 'admin', ADMIN), line('second', 'read', 'second-key'))
  await until('the new key counts', async () => (await fetch(`${server.url}/v3/info`, bearer('second-key'))).status === 200)
  expect((await fetch(`${server.url}/v3/info`, bearer(READ))).status).toBe(401)
  await until('the client of the old key is ended', () => client.closed !== undefined)
  expect(client.closed?.code).toBe(4001)
  write(line('reader', 'read', READ), line('boss', 'admin', ADMIN))
  await until('as before', async () => (await fetch(`${server.url}/v3/info`, bearer(READ))).status === 200)
})

test('starts on the loopback address without keys, and on any other only with them or when told', () => {
  const open = (host: string, more = {}) => assertProtected({ host, keysFile: undefined, open: 'loopback', ...more })
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) expect(() => open(host)).not.toThrow()
  for (const host of ['0.0.0.0', '::', '192.168.1.5', '127.evil.example']) {
    expect(() => open(host)).toThrow(`HOST=${host} would let everybody`)
    expect(() => open(host, { keysFile: '/keys' })).not.toThrow()
    expect(() => open(host, { open: 'anywhere' })).not.toThrow()
  }
})

test('more requests than allowed are 429 with the time to wait, for each caller alone', async () => {
  const limits = { requests: 5, requestsPerSecond: 1, heavy: 2, heavyInAll: 10, bytesPerSecond: 0, most: 100, mostOfCaller: 2 }
  await using server = await start({ keys, limits })
  const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await fetch(`${server.url}/v3/info`, bearer(READ))).status))
  expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 200, 429, 429, 429])
  const refused = await fetch(`${server.url}/v3/info`, bearer(READ))
  expect([refused.headers.get('retry-after'), await codeOf(refused)]).toEqual(['1', 'IBS_QUERY_TOO_MANY_REQUESTS'])
  expect((await fetch(`${server.url}/v3/info`, bearer(ADMIN))).status).toBe(200)
  await using one = await openWs(server.url, { path: `/v3/ws/stream?api_key=${ADMIN}` })
  await using two = await openWs(server.url, { path: `/v3/ws/stream?api_key=${ADMIN}` })
  await until('both are there', () => one.frames.length + two.frames.length === 2)
  expect(await refusalOf(server, { query: `?api_key=${ADMIN}` })).toBe(429)
})

test('answers from files are bounded by caller and in all, also those of HEAD; one that ends or whose client leaves makes room', async () => {
  const limits = { requests: 1e6, requestsPerSecond: 1e6, heavy: 2, heavyInAll: 3, bytesPerSecond: 0, most: 100, mostOfCaller: 10 }
  const end = Promise.withResolvers<{ ok: true }>()
  let underWay = 0
  const slow = defineRoute({
    path: '/test/slow',
    id: 'testSlow',
    tag: 'history',
    summary: 'Answers when the test says so',
    answers: { 200: { doc: 'At last.', content: { 'application/json': z.object({ ok: z.literal(true) }) } } },
    handle: () => {
      underWay += 1
      return end.promise
    },
  })
  await using server = await start({ keys, limits }, [...ROUTES, slow])
  const asked: AbortController[] = []
  const ask = (key: string, method = 'GET') => {
    const leave = new AbortController()
    asked.push(leave)
    return fetch(`${server.url}/test/slow`, { ...bearer(key), method, signal: leave.signal })
  }
  const held = [ask(READ), ask(READ, 'HEAD')]
  await until('two are under way', () => underWay === 2)
  const refused = await ask(READ)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await refused.json()).toMatchObject({ code: 'IBS_QUERY_TOO_MANY_REQUESTS', detail: expect.stringContaining('2 queries of yours') })
  expect((await ask(READ, 'HEAD')).status).toBe(429)
  held.push(ask(ADMIN))
  await until('three are under way', () => underWay === 3)
  expect(await (await ask(ADMIN)).json()).toMatchObject({ detail: expect.stringContaining('3 queries are under way') })
  expect((await fetch(`${server.url}/v3/info`, bearer(READ))).status).toBe(200)
  asked[0]?.abort()
  await expect(held.shift()).rejects.toThrow()
  await until('who left makes room', async () => {
    const again = ask(READ)
    const before = underWay
    await Promise.race([again, until('it is under way', () => underWay > before)])
    if (underWay > before) held.push(again)
    return underWay > before
  })
  end.resolve({ ok: true })
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200])
  await until('what ended makes room', async () => (await ask(READ)).status === 200)
})

test('more bytes than allowed are 429 with the time to wait, over all connections of the caller; what is under way is not cut off', async () => {
  const limits = { requests: 1e6, requestsPerSecond: 1e6, heavy: 10, heavyInAll: 10, bytesPerSecond: 1_000, most: 100, mostOfCaller: 10 }
  await using server = await start({ keys, limits })
  let bytes = 0
  let refused: Response | undefined
  while (refused === undefined && bytes < 1e6) {
    const response = await fetch(`${server.url}/openapi.json`, bearer(READ))
    if (response.status === 429) refused = response
    else bytes += (await response.arrayBuffer()).byteLength
  }
  expect(bytes).toBeGreaterThan(60_000)
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(await refused?.json()).toMatchObject({
    code: 'IBS_QUERY_TOO_MANY_REQUESTS',
    detail: expect.stringContaining('1000 bytes a second'),
  })
  expect(await refusalOf(server, { query: `?api_key=${READ}` })).toBe(429)
  expect((await fetch(`${server.url}/v3/info`, bearer(ADMIN))).status).toBe(200)
})

/** As a browser or anybody else would, with headers that fetch does not let through. */
async function rawStatus(server: StandingServer, headers: Record<string, string>, path = '/v3/info'): Promise<number> {
  const { port } = new URL(server.url)
  const sent = request({ host: '127.0.0.1', port, path, headers }).end()
  const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}

test('without keys a foreign page gets nothing: not by a name of its own that points here, not as a part of it', async () => {
  await using server = await start({ corsOrigins: ['https://good.example'], hosts: ['ticks.example.com'] })
  expect(await rawStatus(server, { host: 'evil.example:8851' })).toBe(421)
  expect(await rawStatus(server, { host: 'ticks.example.com' })).toBe(200)
  expect(await rawStatus(server, { host: 'evil.example' }, '/ready')).toBe(200)
  const embedded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
  expect(await rawStatus(server, embedded)).toBe(403)
  expect(await rawStatus(server, { ...embedded, origin: 'https://good.example' })).toBe(200)
  expect(await rawStatus(server, { ...embedded, 'sec-fetch-mode': 'navigate' })).toBe(200)
  expect(await rawStatus(server, { ...embedded, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })).toBe(403)
  expect(await rawStatus(server, { ...embedded, 'sec-fetch-site': 'same-origin' })).toBe(200)
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/v3/ws/stream`, { headers: { host: 'evil.example' } })
  ws.on('error', () => undefined)
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }]
  expect(response.statusCode).toBe(421)
  await using keyed = await start({ keys, hosts: 'any' })
  expect(await rawStatus(keyed, { host: 'evil.example', 'x-api-key': READ })).toBe(200)
})

test('pages of allowed origins may read answers and streams, others may not', async () => {
  await using server = await start({ corsOrigins: ['https://good.example'] })
  const from = (origin: string, url = '/v3/info', init: RequestInit = {}) =>
    fetch(`${server.url}${url}`, { ...init, headers: { origin, ...init.headers } })
  expect((await from('https://good.example')).headers.get('access-control-allow-origin')).toBe('https://good.example')
  expect((await from('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  expect((await from('https://good.example', '/v3/stream/1/live?timeout=1')).headers.get('access-control-allow-origin')).toBe(
    'https://good.example',
  )
  const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'DELETE' } }
  const allowed = await from('https://good.example', '/v3/clients/x', preflight)
  expect([allowed.status, allowed.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD, PUT, POST, DELETE'])
  expect((await from('https://evil.example', '/v3/clients/x', preflight)).status).toBe(405)
})

test('lists who is connected, and ends one on request: it is told where to go on', async () => {
  await using server = await start()
  await using client = await openWs(server.url)
  client.send({ type: 'subscribe', id: 'mine', data: { contracts: [4711], tick_types: ['last'] } })
  await until('it is subscribed', () => client.of('mine').length === 1)
  const sse = await fetch(`${server.url}/v3/stream/4712/live`)
  const { clients } = (await (await fetch(`${server.url}/v3/clients`)).json()) as {
    clients: { id: string; kind: string; streams: unknown[] }[]
  }
  expect(clients).toMatchObject([
    { kind: 'websocket', address: '127.0.0.1', streams: [{ name: 'mine', contract_ids: [4711], tick_types: ['last'] }] },
    { kind: 'sse', streams: [{ contract_ids: [4712] }] },
  ])
  for (const { id } of clients) expect((await fetch(`${server.url}/v3/clients/${id}`, { method: 'DELETE' })).status).toBe(204)
  await until('it is closed', () => client.closed !== undefined)
  expect(client.closed?.code).toBe(1008)
  expect(client.of('mine').at(-1)?.data).toMatchObject({ reason: 'ended_by_admin', resume: client.of('mine')[0]?.id })
  expect(await sse.text()).toMatch(/event: complete\ndata: \{"reason":"ended_by_admin"/)
  await until('nobody is left', async () => ((await (await fetch(`${server.url}/v3/clients`)).json()) as { total: number }).total === 0)
})
