import { compareTicks, isoFromUs, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { openLiveHub } from '@ib-stream/tape'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { openContractDirectory } from '../../src/contracts/contract-directory.ts'
import { type LiveServer, openLiveServer } from '../live-server.ts'
import { type StandingServer, startServer } from '../standing-server.ts'
import { openWs } from '../ws/ws-client.ts'

const ONE = CIDS[0]
const ticks = market(900, { seed: 61, stepUs: 8 * US_PER_SECOND })
const mine = ticks.filter(({ cid }) => cid === ONE)
const START_US = DAY_US + US_PER_HOUR / 2
let live: LiveServer
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  live = await openLiveServer()
  ;({ recording, server } = live)
  await recording.publish(ticks.slice(0, 600))
  await recording.write('json', ONE, 400)
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

interface SseEvent {
  name: string
  id: string | undefined
  data: string
}

/** Events as they come. */
async function open(query: string, headers: Record<string, string> = {}, base = server.url) {
  const leave = new AbortController()
  const url = `${base}/v3/stream/${ONE}/buffer?tick_types=bid_ask,last&${query}`
  const response = await fetch(url, { headers, signal: leave.signal })
  const stream = { response, events: [] as SseEvent[], leave: () => leave.abort(), ended: false }
  let rest = ''
  const read = async () => {
    for await (const text of response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) ?? []) {
      const frames = `${rest}${text}`.split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        const name = /^event: (.+)$/m.exec(frame)?.[1]
        if (name) stream.events.push({ name, id: /^id: (.+)$/m.exec(frame)?.[1], data: /^data: (.*)$/m.exec(frame)?.[1] ?? '' })
      }
    }
    stream.ended = true
  }
  void read().catch(() => undefined)
  return stream
}

const linesOf = (events: readonly SseEvent[]) => events.filter(({ name }) => name === 'tick').map(({ data }) => data)
const historyLines = (to: number) =>
  mine
    .filter((tick) => tick.ts >= START_US && ticks.indexOf(tick) < to)
    .toSorted(compareTicks)
    .map(encodeTickJson)

test('history of files and log, `live`, then what arrives; cut and resumed anywhere', async () => {
  const stream = await open(`start_time=${encodeURIComponent(isoFromUs(START_US))}`)
  expect(stream.response.status).toBe(200)
  await until('it is live', () => stream.events.some(({ name }) => name === 'live'))
  const history = historyLines(600)
  expect(stream.events.map(({ name }) => name)).toEqual(['info', ...history.map(() => 'tick'), 'live'])
  expect(linesOf(stream.events)).toEqual(history)
  await recording.publish(ticks.slice(600))
  const live = mine.filter((tick) => ticks.indexOf(tick) >= 600).map(encodeTickJson)
  await until('all', () => linesOf(stream.events).length === history.length + live.length)
  stream.leave()
  expect(linesOf(stream.events)).toEqual([...history, ...live])
  const all = stream.events.filter(({ name }) => name === 'tick')
  for (const k of [0, 17, history.length - 1, history.length + 3]) {
    const again = await open('start_time=now', { 'last-event-id': all[k]?.id ?? '' })
    await until(`the rest after ${k}`, () => linesOf(again.events).length === all.length - k - 1)
    again.leave()
    const given = [...linesOf(all.slice(0, k + 1)), ...linesOf(again.events)]
    expect(given.toSorted()).toEqual([...history, ...live].toSorted())
  }
})

test('a limit ends it, with where to go on; what cannot be is a problem document', async () => {
  const stream = await open('start_time=0&limit=5')
  await until('the end', () => stream.ended)
  const last = stream.events.at(-1)
  expect(last?.name).toBe('complete')
  expect(JSON.parse(last?.data ?? '')).toMatchObject({ reason: 'limit_reached', ticks: 5, resume: stream.events.at(-2)?.id })
  const foreign = await open('start_time=0', { 'last-event-id': 'h.other.1.2.3.1.-1' })
  expect(foreign.response.status).toBe(410)
  expect((await open('end_time=now')).response.status).toBe(400)
  expect((await open('start_time=1&last_event_id=x')).response.status).toBe(400)
})

test('regression: a stream that is still being opened when the service stops is told so, and is no failure of ours', async () => {
  const asked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const slow = {
    ...openContractDirectory({ bus: () => recording.bus, nowUs: () => Date.now() * 1_000 }),
    cidOf: async () => {
      asked.resolve()
      await go.promise
      return ONE
    },
  }
  const young = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: live.hub }, contracts: slow })
  const answer = fetch(`${young.url}/v3/stream/${ONE}/buffer?start_time=0`)
  await asked.promise
  const closed = young[Symbol.asyncDispose]()
  go.resolve()
  const response = await answer
  expect([response.status, await response.text()]).toEqual([
    200,
    expect.stringMatching(/event: complete\ndata: \{"reason":"server_shutdown","ticks":0/),
  ])
  await closed
  expect(young.failures).toEqual([])
})

test('gaps and lost connections stand where they happened, in history and live', async () => {
  await using another = await openLiveServer()
  const { recording: own } = another
  const some = market(60, { seed: 62, lateUs: 0 }).map((tick): TickMessage => ({ ...tick, cid: ONE }))
  const publishEvents = async (st: number) => {
    const lost = { kind: 'connection', st, epoch: 1, state: 'disconnected', host: '127.0.0.1', port: 4002, reason: 'a test' }
    const gap = {
      kind: 'gap',
      st: st + 1,
      epoch: 2,
      cid: ONE,
      tt: 'last',
      fromUs: st,
      toUs: st + 1,
      cause: 'disconnected',
      reason: 'a test',
    }
    for (const event of [lost, gap]) own.publisher.add({ subject: `ib.events.${event.kind}`, line: JSON.stringify(event) })
    await own.publisher.settled(AbortSignal.timeout(10_000))
  }
  await own.publish(some.slice(0, 20))
  await publishEvents((some[19]?.st ?? 0) + 1)
  await own.publish(some.slice(20, 40))
  const stream = await open('start_time=0', {}, another.server.url)
  await until('it is live', () => stream.events.some(({ name }) => name === 'live'))
  await publishEvents((some[39]?.st ?? 0) + 1)
  await own.publish(some.slice(40))
  await until('all', () => linesOf(stream.events).length === some.length)
  stream.leave()
  const twenty = Array.from({ length: 20 }, () => 'tick')
  expect(stream.events.map(({ name }) => name)).toEqual(
    ['info', twenty, 'connection', 'gap', twenty, 'live', 'connection', 'gap', twenty].flat(),
  )
  expect(JSON.parse(stream.events.find(({ name }) => name === 'gap')?.data ?? '')).toMatchObject({
    cid: ONE,
    tt: 'last',
    cause: 'disconnected',
  })
})

test('where the log no longer holds what followed an event id, the files go on, and the stream says from when to when', async () => {
  await using another = await openLiveServer()
  const { recording: own } = another
  const first = await open('start_time=0', {}, another.server.url)
  await until('it is live', () => first.events.some(({ name }) => name === 'live'))
  const some = market(400, { seed: 63 }).map((tick): TickMessage => ({ ...tick, cid: ONE }))
  await own.publish(some)
  await until('all', () => linesOf(first.events).length === some.length)
  first.leave()
  const cut = first.events.filter(({ name }) => name === 'tick')[99]
  const seq = (await own.messages()).at(-1)?.seq ?? 0
  await own.write('json', ONE, seq)
  await own.bus.manager.streams.purge('TICKS', { seq: seq - 2 })
  await using young = await openLiveHub({ bus: own.bus, signal: AbortSignal.timeout(60_000) })
  await using restarted = await startServer({ dataDir: own.dataDir, live: { bus: own.bus, hub: young } })
  const rest = await open('start_time=now', { 'last-event-id': cut?.id ?? '' }, restarted.url)
  await until('the rest', () => linesOf(rest.events).length === some.length - 100)
  rest.leave()
  const incomplete = rest.events.find(({ name }) => name === 'resume_incomplete')
  expect(JSON.parse(incomplete?.data ?? '')).toEqual({ from: isoFromUs(some[99]?.st ?? 0), to: expect.stringMatching(/^20.+Z$/) })
  expect([...linesOf(first.events).slice(0, 100), ...linesOf(rest.events)].toSorted()).toEqual(some.map(encodeTickJson).toSorted())
})

test('over WebSocket it goes on after an id of the history, and a length of time is until now', async () => {
  await using client = await openWs(server.url)
  const subscribe = (id: string, data: object) =>
    client.send({ type: 'subscribe', id, data: { contracts: [ONE], tick_types: ['bid_ask', 'last'], ...data } })
  subscribe('whole', { start_time: isoFromUs(START_US) })
  await until('it is live', () => client.of('whole').some(({ type }) => type === 'live'))
  const all = client.of('whole').filter(({ type }) => type === 'tick')
  subscribe('rest', { start_time: isoFromUs(START_US), after: all[9]?.id })
  subscribe('recent', { buffer_duration: '1m' }) // all ticks are of the past
  for (const id of ['rest', 'recent']) await until(`${id} is live`, () => client.of(id).some(({ type }) => type === 'live'))
  expect(client.lines('rest')).toEqual(client.lines('whole').slice(10))
  expect(client.lines('recent')).toEqual([])
  expect(client.breaches).toEqual([])
})

test('over WebSocket the same fields in subscribe', async () => {
  await using client = await openWs(server.url)
  client.send({ type: 'subscribe', id: 's', data: { contracts: [ONE], tick_types: ['bid_ask', 'last'], start_time: isoFromUs(START_US) } })
  await until('it is live', () => client.of('s').some(({ type }) => type === 'live'))
  expect(client.lines('s')).toEqual(historyLines(900))
  expect(client.breaches).toEqual([])
})
