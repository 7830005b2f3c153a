import { once } from 'node:events'
import { compareTicks } from '@ib-stream/model'
import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { CIDS, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { type LiveServer, linesOf, openLiveServer } from '../live-server.ts'
import { type StandingServer, startServer } from '../standing-server.ts'
import { openWs, type WsClient } from './ws-client.ts'

const [ONE, TWO] = CIDS
let live: LiveServer
let recording: Recording
let hub: LiveHub
let server: StandingServer

beforeAll(async () => {
  live = await openLiveServer()
  ;({ hub, recording, server } = live)
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

const publish = (count: number, seed: number) => live.publish(count, seed)
const publishWide = async (count: number, seed: number) => linesOf(await live.publishWide(count, seed))
const subscribe = (id: string, data: Record<string, unknown> = {}) => ({
  type: 'subscribe',
  id,
  data: { contracts: [ONE], tick_types: ['bid_ask', 'last'], ...data },
})

async function subscribed(client: WsClient, ...ids: string[]): Promise<void> {
  for (const id of ids) await until(`${id} is subscribed`, () => client.of(id).some(({ type }) => type === 'info'))
}

test('gives each subscription its contracts and types under the name that the client gave it, with the ids and lines of SSE', async () => {
  await using client = await openWs(server.url)
  client.send(subscribe('both', { contracts: [ONE, String(TWO)] }))
  client.send(subscribe('trades', { tick_types: ['last'] }))
  await subscribed(client, 'both', 'trades')
  const ticks = await publish(300, 1)
  const wanted = linesOf(ticks, [ONE, TWO])
  const trades = linesOf(
    ticks.filter(({ tt }) => tt === 'last'),
    [ONE],
  )
  await until('all ticks', () => client.lines('both').length === wanted.length && client.lines('trades').length === trades.length)
  expect(client.lines('both')).toEqual(wanted)
  expect(client.lines('trades')).toEqual(trades)
  expect(client.frames[0]).toMatchObject({ type: 'connected', data: { version: '3.0', capabilities: { max_messages_per_second: 100 } } })
  expect(client.of('both')[0]).toMatchObject({ type: 'info', data: { status: 'subscribed', contract_ids: [ONE, TWO] } })
  expect(client.breaches).toEqual([])
  const after = client.of('both').filter(({ type }) => type === 'tick')[99]?.id ?? ''
  const sse = await fetch(`${server.url}/v3/stream/${ONE}/live?limit=1&tick_types=bid_ask,last`, { headers: { 'last-event-id': after } })
  const [, line] = /event: tick\nid: .+\ndata: (.+)\n/.exec(await sse.text()) ?? []
  expect(line).toBe(linesOf(ticks, [ONE]).find((one) => wanted.indexOf(one) > 99))
})

test('goes on after any id, also after that of the first event', async () => {
  await using early = await openWs(server.url)
  early.send(subscribe('a'))
  await subscribed(early, 'a')
  const begin = early.of('a')[0]?.id
  const wanted = linesOf(await publish(200, 2), [ONE])
  await until('all ticks', () => early.lines('a').length === wanted.length)
  await using back = await openWs(server.url)
  back.send(subscribe('begin', { after: begin }))
  back.send(subscribe('middle', { after: early.of('a')[20]?.id }))
  await until('the rest', () => back.lines('begin').length === wanted.length && back.lines('middle').length === wanted.length - 20)
  expect(back.lines('begin')).toEqual(wanted)
  expect(back.lines('middle')).toEqual(wanted.slice(20))
})

test('regression: a subscription whose place is trimmed away gets what it missed from the files, is told so, and is live again', async () => {
  await using early = await openWs(server.url)
  early.send(subscribe('a'))
  await subscribed(early, 'a')
  const seen = linesOf(await publish(200, 21), [ONE])
  await until('the ticks', () => early.lines('a').length === seen.length)
  const missed = linesOf((await publish(400, 22)).toSorted(compareTicks), [ONE]) // files give the order of queries
  const seq = (await recording.messages()).at(-1)?.seq ?? 0
  await recording.write('json', ONE, seq)
  await recording.bus.manager.streams.purge('TICKS', { seq: seq - 5 })
  await using young = await openLiveHub({ bus: recording.bus, signal: live.signal })
  await using restarted = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: young } })
  await using back = await openWs(restarted.url)
  back.send(subscribe('a', { after: early.of('a')[seen.length]?.id }))
  await until('what it missed', () => back.of('a').some(({ type }) => type === 'live'))
  const later = linesOf(await publish(60, 23), [ONE])
  await until('what comes live', () => back.lines('a').length >= missed.length + later.length)
  expect(back.lines('a')).toEqual([...missed, ...later])
  expect(back.of('a').find(({ type }) => type !== 'info')?.type).toBe('resume_incomplete')
  expect(back.breaches).toEqual([])
})

test('ends a subscription by its limit, its timeout or on request, says why, and frees its name', async () => {
  await using client = await openWs(server.url)
  client.send(subscribe('few', { limit: 5 }))
  client.send(subscribe('short', { timeout: 1 }))
  client.send(subscribe('left', { timeout: '1h' }))
  await subscribed(client, 'few', 'short', 'left')
  const wanted = linesOf(await publish(100, 3), [ONE])
  await until('the ticks', () => client.lines('left').length === wanted.length)
  client.send({ type: 'unsubscribe', id: 'left' })
  for (const [name, reason, ticks] of [
    ['few', 'limit_reached', 5],
    ['short', 'timeout', wanted.length],
    ['left', 'unsubscribed', wanted.length],
  ] as const) {
    await until(`${name} is complete`, () => client.of(name).at(-1)?.type === 'complete')
    const resume = client.of(name).at(-2)?.id
    expect(client.of(name).at(-1)?.data).toMatchObject({ reason, ticks, resume })
  }
  expect(client.lines('few')).toEqual(wanted.slice(0, 5))
  client.send(subscribe('few', { limit: 1, after: client.of('few')[5]?.id }))
  await until('it runs again', () => client.lines('few').length === 6)
  expect(client.lines('few')[5]).toBe(wanted[5])
  expect(client.breaches).toEqual([])
})

const BAD: readonly [unknown, string][] = [
  ['', 'the message'],
  ['{"type":', 'the message'],
  ['null', 'message'],
  ['[]', 'message'],
  ['[[[[', 'the message'],
  [{ type: 'multi_subscribe', id: 'x' }, 'type'],
  [{ type: 'subscribe', id: 'x' }, 'data'],
  [{ type: 'subscribe', id: '', data: { contracts: [1] } }, 'id'],
  [{ type: 'subscribe', id: 'two words', data: { contracts: [1] } }, 'id'],
  [subscribe('x', { contracts: [] }), 'data.contracts'],
  [subscribe('x', { contracts: [0] }), 'data.contracts.0'],
  [subscribe('x', { contracts: [1, '../..'] }), 'data.contracts.1'],
  [subscribe('x', { tick_types: ['BidAsk'] }), 'data.tick_types.0'],
  [subscribe('x', { tick_types: [] }), 'data.tick_types'],
  [subscribe('x', { limit: 0 }), 'data.limit'],
  [subscribe('x', { limit: 1.5 }), 'data.limit'],
  [subscribe('x', { timeout: 0.5 }), 'data.timeout'],
  [subscribe('x', { timeout: '9d' }), 'data.timeout'],
  [subscribe('x', { contract_id: 1 }), 'data'],
  [{ type: 'unsubscribe' }, 'id'],
  [{ type: 'ping', id: 7 }, 'id'],
]

test.each(BAD)('answers %j with an error that names %s, and stays open', async (message, field) => {
  await using client = await openWs(server.url)
  client.send(message)
  await until('the error', () => client.frames.some(({ type }) => type === 'error'))
  expect(client.frames.at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_MESSAGE_INVALID', field })
  client.send({ type: 'ping', id: 'p', timestamp: '2025-07-30T14:00:00Z' })
  await until('the pong', () => client.of('p').length === 1)
  expect(client.of('p')[0]).toMatchObject({ type: 'pong', data: { client_timestamp: '2025-07-30T14:00:00Z' } })
  expect(client.breaches).toEqual([])
})

test('bounds what one message may ask for', async () => {
  await using client = await openWs(server.url)
  client.send('['.repeat(60_000))
  client.send(subscribe('x', { contracts: Array.from({ length: 101 }, (_, i) => i + 1) }))
  await until('the errors', () => client.frames.filter(({ type }) => type === 'error').length === 2)
  expect(client.of('x')[0]?.data).toMatchObject({ code: 'IBS_QUERY_MESSAGE_INVALID', field: 'data.contracts' })
})

test('tells by name what is wrong with a subscription: taken, unknown, gone, of no contract', async () => {
  await using client = await openWs(server.url)
  client.send(subscribe('a'))
  await subscribed(client, 'a')
  client.send(subscribe('a'))
  client.send({ type: 'unsubscribe', id: 'b' })
  client.send(subscribe('c', { after: 'l.other.1.2' }))
  client.send(subscribe('e', { after: 'h.1' }))
  client.send(subscribe('d', { contracts: ['AAPL'] }))
  await until('the errors', () => ['a', 'b', 'c', 'd', 'e'].every((id) => client.of(id).at(-1)?.type === 'error'))
  expect(client.of('a').at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_MESSAGE_INVALID', field: 'id', value: 'a' })
  expect(client.of('b').at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_SUBSCRIPTION_UNKNOWN', allowed: ['a'] })
  expect(client.of('c').at(-1)?.data).toMatchObject({ code: 'IBS_TAPE_CURSOR_GONE' })
  expect(client.of('e').at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'after' })
  expect(String(client.of('d').at(-1)?.data.code)).toMatch(/^IBS_QUERY_CONTRACT_/)
  expect(client.breaches).toEqual([])
})

test.each([
  ['binary', 1003, (client: WsClient) => client.ws.send(Buffer.from([1, 2, 3]))],
  ['64 KiB and more', 1009, (client: WsClient) => client.send('x'.repeat(65_537))],
  ['150 messages at once', 4004, (client: WsClient) => Array.from({ length: 150 }, () => client.send({ type: 'ping' }))],
  ['nonsense again and again', 4000, (client: WsClient) => Array.from({ length: 20 }, () => client.send('nonsense'))],
] as const)('closes a connection that sends %s with %i', async (_what, code, send) => {
  await using client = await openWs(server.url)
  send(client)
  await until('it is closed', () => client.closed !== undefined)
  expect(client.closed?.code).toBe(code)
})

test('a client that reads too slowly is told where to go on and closed; others get everything meanwhile; nothing is lost', async () => {
  await using small = await openLiveHub({ bus: recording.bus, signal: live.signal, ring: { ticks: 2_000, bytes: 4 * 2 ** 20 } })
  await using own = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: small } })
  await using slow = await openWs(own.url)
  await using fast = await openWs(own.url)
  for (const client of [slow, fast]) client.send(subscribe('s', { tick_types: ['last'] }))
  slow.send(subscribe('quiet', { contracts: [4711] }))
  await subscribed(slow, 's', 'quiet')
  await subscribed(fast, 's')
  slow.ws.pause()
  const lines: string[] = []
  for (let i = 0; i < 15; i++) {
    lines.push(...(await publishWide(500, i)))
    await until('the fast one has all', () => fast.lines('s').length === lines.length)
  }
  expect(fast.lines('s')).toEqual(lines)
  slow.ws.resume()
  await until('the slow one is closed', () => slow.closed !== undefined)
  expect(slow.closed?.code).toBe(4005)
  expect(slow.of('s').at(-1)?.data).toMatchObject({ code: 'IBS_TAPE_SLOW_CONSUMER' })
  expect(slow.of('quiet').at(-1)?.data).toMatchObject({ reason: 'slow_consumer' })
  await using back = await openWs(own.url)
  back.send(subscribe('s', { tick_types: ['last'], after: slow.of('s').at(-1)?.data.resume }))
  const got = slow.lines('s')
  expect(got.length).toBeLessThan(lines.length)
  await until('the rest', () => back.lines('s').length === lines.length - got.length)
  expect([...got, ...back.lines('s')]).toEqual(lines)
})

test('drops a client that answers no ping, and keeps one that does', async () => {
  await using own = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, pingEveryMs: 60 })
  await using dead = await openWs(own.url, { autoPong: false })
  await using alive = await openWs(own.url)
  let pings = 0
  alive.ws.on('ping', () => {
    pings += 1
  })
  await until('the dead one is dropped', () => dead.closed !== undefined)
  await until('more pings', () => pings > 5)
  expect([dead.closed?.code, alive.closed]).toEqual([1006, undefined])
})

test('drops a client that takes nothing any more, whatever its socket says', async () => {
  await using own = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, drainWithinMs: 300 })
  await using stuck = await openWs(own.url)
  stuck.send(subscribe('s', { tick_types: ['last'] }))
  await subscribed(stuck, 's')
  stuck.ws.pause()
  for (let i = 0; i < 8; i++) await publishWide(500, i)
  await until('it is gone', async () => (await own.metrics.getSingleMetricAsString('ibs_query_live_clients')).endsWith(' 0'))
})

test('a server that closes tells every subscription where to go on, closes with 1001, and does not wait for who does not read', async () => {
  const young = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub } })
  await using client = await openWs(young.url)
  await using stuck = await openWs(young.url)
  client.send(subscribe('a'))
  client.send(subscribe('b', { contracts: [TWO] }))
  stuck.send(subscribe('a'))
  await subscribed(client, 'a', 'b')
  await subscribed(stuck, 'a')
  stuck.ws.pause()
  await publish(50, 4)
  const startedMs = performance.now()
  await young[Symbol.asyncDispose]()
  expect(performance.now() - startedMs).toBeLessThan(8_000)
  await until('it is closed', () => client.closed !== undefined)
  expect(client.closed?.code).toBe(1001)
  for (const id of ['a', 'b']) {
    expect(client.of(id).at(-1)).toMatchObject({ type: 'complete', data: { reason: 'server_shutdown', resume: client.of(id).at(-2)?.id } })
  }
})

test('a client that leaves is forgotten with all its subscriptions', async () => {
  const count = async () => await server.metrics.getSingleMetricAsString('ibs_query_live_clients')
  await until('nobody is there', async () => (await count()).endsWith('live_clients 0'))
  const client = await openWs(server.url)
  client.send(subscribe('a'))
  client.send(subscribe('b'))
  await subscribed(client, 'a', 'b')
  expect(await count()).toMatch(/ 2$/)
  client.ws.terminate()
  await until('it is gone', async () => (await count()).endsWith('live_clients 0'))
})

test('other upgrades and other paths are answered as plain requests', async () => {
  const refused = new WebSocket(`${server.url.replace('http', 'ws')}/v3/stream/1/live`)
  refused.on('error', () => undefined)
  const [, response] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number; destroy(): void }]
  expect(response.statusCode).toBe(200)
  response.destroy()
  refused.terminate()
  expect((await fetch(`${server.url}/v3/ws/stream`)).status).toBe(426)
})
