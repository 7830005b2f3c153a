import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type LiveServer, linesOf, openLiveServer } from '../../../services/query-api/test/live-server.ts'
import type { StandingServer } from '../../../services/query-api/test/standing-server.ts'
import { TcpProxy } from '../../../test/support/tcp-proxy.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { CIDS } from '../../tape/test/recording.ts'
import { Client, type StreamEvent, type Tick } from '../src/index.ts'

const ONE = CIDS[0]
const TYPES = ['bid_ask', 'last'] as const
let live: LiveServer
let server: StandingServer
let proxy: TcpProxy

beforeAll(async () => {
  live = await openLiveServer({ keepAliveMs: 50 })
  server = live.server
  proxy = await TcpProxy.start(Number(new URL(server.url).port))
})
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await live?.[Symbol.asyncDispose]()
})

/** Publishes, and gives back the lines of the first contract. */
const publish = async (count: number) => linesOf(await live.publish(count, 7))

/** Reads in the background, for as long as the stream goes on. */
function reading(stream: AsyncIterable<Tick>) {
  const state = { lines: [] as string[], error: undefined as unknown, isOver: false }
  const run = async () => {
    for await (const tick of stream) state.lines.push(JSON.stringify(tick))
  }
  run()
    .catch((error: unknown) => {
      state.error = error
    })
    .finally(() => {
      state.isOver = true
    })
  return state
}

const client = () => new Client({ url: `http://127.0.0.1:${proxy.port}` })

it('goes from history into live and over broken connections, no tick twice and none missing', async () => {
  const before = await publish(600)
  const events: StreamEvent[] = []
  const leave = new AbortController()
  const from = (JSON.parse(before[0] ?? '{}') as Tick).ts
  const stream = client().stream({ cid: ONE, from, tickTypes: TYPES, signal: leave.signal, onEvent: (event) => events.push(event) })
  const read = reading(stream)
  await waitFor('history is through', () => events.some(({ name }) => name === 'live'))
  const sent = [...before]
  for (const mode of ['resetAll', 'cut', 'resetAll'] as const) {
    sent.push(...(await publish(200)))
    if (mode === 'cut') proxy.mode = 'cut'
    else proxy.resetAll()
    sent.push(...(await publish(200)))
    proxy.mode = 'open'
    await waitFor(`what was sent around ${mode} came`, () => read.lines.length >= sent.length, 60_000)
  }
  // in history ticks come in query order, live ones in that of their arrival
  expect([...read.lines].sort()).toEqual([...sent].sort())
  expect(events.filter(({ name }) => name === 'reconnecting').length).toBeGreaterThanOrEqual(3)
  const cursor = stream.cursor
  leave.abort(new Error('enough'))
  await waitFor('the reader ended', () => read.isOver)
  expect(String(read.error)).toContain('enough')

  const more = await publish(300)
  const later = reading(client().stream({ cid: ONE, tickTypes: TYPES, after: cursor, limit: more.length }))
  await waitFor('another stream goes on from the place of the first', () => later.isOver, 60_000)
  expect({ lines: [...later.lines].sort(), error: later.error }).toEqual({ lines: [...more].sort(), error: undefined })
})

it('watches several contracts over one WebSocket, and over broken connections', async () => {
  const events: string[] = []
  const lines: string[] = []
  const leave = new AbortController()
  const onTick = (tick: Tick) => lines.push(JSON.stringify(tick))
  const watching = client().watch({
    contracts: [ONE],
    tickTypes: TYPES,
    onTick,
    onEvent: ({ name }) => events.push(name),
    signal: leave.signal,
  })
  watching.catch(() => undefined)
  await waitFor('it stands', () => events.includes('info'))
  const sent = await publish(200)
  proxy.resetAll()
  sent.push(...(await publish(200)))
  await waitFor('all came', () => lines.length >= sent.length, 60_000)
  expect(lines).toEqual(sent)
  leave.abort(new Error('enough'))
  await expect(watching).rejects.toThrow('enough')
})

it('takes a connection on which nothing comes for dead', async () => {
  const events: StreamEvent[] = []
  const leave = new AbortController()
  const read = reading(
    client().stream({ cid: ONE, tickTypes: TYPES, idleMs: 1_500, signal: leave.signal, onEvent: (event) => events.push(event) }),
  )
  await waitFor('it stands', () => events.some(({ name }) => name === 'info'))
  proxy.mode = 'blackHole'
  await waitFor('it is given up', () => events.some(({ name }) => name === 'reconnecting'), 30_000)
  proxy.mode = 'cut'
  proxy.mode = 'open'
  const sent = await publish(100)
  await waitFor('what came meanwhile is there', () => read.lines.length >= sent.length, 60_000)
  expect(read.lines).toEqual(sent)
  leave.abort(new Error('enough'))
})

it('tells at once what cannot go on: a refusal, with field and value, and a server that is not there', async () => {
  const refused = reading(client().stream({ cid: ONE, from: 'no time' }))
  await waitFor('it is refused', () => refused.isOver)
  expect(refused.error).toMatchObject({
    code: 'IBS_QUERY_PARAMETER_INVALID',
    facts: { status: 400, field: 'start_time', value: 'no time' },
  })
  const away = reading(new Client({ url: 'http://127.0.0.1:1' }).stream({ cid: ONE }))
  await waitFor('nobody is there', () => away.isOver)
  expect(away.error).toMatchObject({ code: 'IBS_CLIENT_SERVER_AWAY', facts: { status: 0 } })
})

/** A server whose answers are told beforehand: what no real one can be made to say in a test's time. */
async function scripted(answers: readonly string[]) {
  const asked: IncomingMessage[] = []
  const fake: Server = createServer((request, response) => {
    asked.push(request)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answers[Math.min(asked.length, answers.length) - 1])
  })
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve))
  const { port } = fake.address() as AddressInfo
  return { asked, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void fake.close() }
}
const tick = (id: string) => `event: tick\nid: ${id}\ndata: {"tt":"last","p":${id}}\n\n`

it('comes back after a restart of the server and tells of what the log no longer holds; ends with an administrator’s word', async () => {
  const resume = 'event: resume_incomplete\ndata: {"from":"a","to":"b"}\n\n'
  await using fake = await scripted([
    `${tick('1')}event: complete\ndata: {"reason":"server_shutdown","ticks":1,"seconds":1,"resume":"1"}\n\n`,
    `${resume}${tick('2')}event: tick\nid: 3\ndata: {"tt":"la`,
    `${tick('3')}event: complete\ndata: {"reason":"ended_by_admin","ticks":1,"seconds":1,"resume":"3"}\n\n`,
  ])
  const events: string[] = []
  const read = reading(new Client({ url: fake.url }).stream({ cid: 1, onEvent: ({ name }) => events.push(name) }))
  await waitFor('it is over', () => read.isOver)
  expect(read.lines.map((line) => (JSON.parse(line) as { p: number }).p)).toEqual([1, 2, 3])
  expect(fake.asked.map(({ url, headers }) => [url, headers['last-event-id']])).toEqual([
    ['/v3/stream/1/live', undefined],
    ['/v3/stream/1/buffer', '1'],
    ['/v3/stream/1/buffer', '2'],
  ])
  expect(events.filter((name) => name !== 'complete')).toEqual(['reconnecting', 'resume_incomplete', 'reconnecting'])
  expect(read.error).toMatchObject({ code: 'IBS_CLIENT_STREAM_ENDED' })
})

it('gives up a stream that fails again and again without a tick between', async () => {
  await using fake = await scripted(['event: error\ndata: {"code":"IBS_STORAGE_RECORD_TORN","message":"damaged"}\n\n'])
  const read = reading(new Client({ url: fake.url }).stream({ cid: 1 }))
  await waitFor('it is given up', () => read.isOver, 30_000)
  expect(read.error).toMatchObject({ code: 'IBS_STORAGE_RECORD_TORN' })
  expect(fake.asked).toHaveLength(5)
})
