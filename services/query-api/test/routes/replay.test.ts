import { isoFromUs, type TickMessage, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickJson } from '@ib-stream/storage'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, openRecording, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { type StandingServer, startServer } from '../standing-server.ts'
import { openWs, type WsClient } from '../ws/ws-client.ts'

const ticks = market(3_000, { seed: 21, stepUs: 4 * US_PER_MS, lateUs: 0 })
const RANGE = `start_time=${isoFromUs(DAY_US)}&end_time=${isoFromUs(DAY_US + 60 * US_PER_SECOND)}&tick_types=bid_ask,last`
const [ONE, TWO] = CIDS
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  recording = await openRecording()
  await recording.publish(ticks)
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined } })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

interface SseEvent {
  name: string
  id: string | undefined
  data: string
}

async function eventsOf(path: string, headers: Record<string, string> = {}): Promise<SseEvent[]> {
  const response = await fetch(`${server.url}${path}`, { headers })
  const text = await response.text()
  expect([response.status, response.ok ? '' : text]).toEqual([200, ''])
  return text.split('\n\n').flatMap((frame) => {
    const [, name = '', id, data = ''] = /^event: (.+)\n(?:id: (.+)\n)?data: (.+)$/.exec(frame) ?? []
    return name === '' ? [] : [{ name, id, data }]
  })
}

const linesOf = (all: readonly TickMessage[], cids: readonly number[]) => all.filter(({ cid }) => cids.includes(cid)).map(encodeTickJson)
const ticksOf = (events: readonly SseEvent[]) => events.filter(({ name }) => name === 'tick')

test('replays one contract, and several in the one order in which their ticks came', async () => {
  const one = await eventsOf(`/v3/stream/${ONE}/replay?${RANGE}&speed=max`)
  expect(ticksOf(one).map(({ data }) => data)).toEqual(linesOf(ticks, [ONE]))
  expect(one.slice(0, 2).map(({ name }) => name)).toEqual(['info', 'replay'])
  expect(JSON.parse(one[1]?.data ?? '')).toMatchObject({ state: 'playing', speed: 'max', start: isoFromUs(DAY_US) })
  expect(JSON.parse(one.at(-1)?.data ?? '')).toMatchObject({ reason: 'end_of_data', ticks: linesOf(ticks, [ONE]).length })
  const several = await eventsOf(`/v3/replay?contracts=${CIDS.join(',')}&${RANGE}&speed=1000`)
  expect(ticksOf(several).map(({ data }) => data)).toEqual(ticks.map(encodeTickJson))
})

test('goes on after an event id, and is complete after its limit', async () => {
  const path = `/v3/replay?contracts=${ONE},${TWO}&${RANGE}&speed=max`
  const wanted = linesOf(ticks, [ONE, TWO])
  const first = ticksOf(await eventsOf(`${path}&limit=700`))
  const rest = ticksOf(await eventsOf(path, { 'last-event-id': first.at(-1)?.id ?? '' }))
  expect([...first, ...rest].map(({ data }) => data)).toEqual(wanted)
  expect(first.length).toBe(700)
})

test.each([
  ['speed=0', 'speed'],
  ['speed=1001', 'speed'],
  ['speed=fast', 'speed'],
  ['last_event_id=l.1', 'last_event_id'],
  ['timeout=0', 'timeout'],
])('refuses %s and names %s', async (query, field) => {
  const response = await fetch(`${server.url}/v3/stream/${ONE}/replay?${query}`)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field })
})

test('several contracts have to be named', async () => {
  const response = await fetch(`${server.url}/v3/replay`)
  expect([response.status, await response.json()]).toMatchObject([400, { field: 'contracts' }])
})

test('at ×2 a tick comes when half of its time has passed', async () => {
  const startMs = performance.now()
  const events = ticksOf(await eventsOf(`/v3/stream/${ONE}/replay?${RANGE}&speed=2&limit=100`))
  const [first, last] = [events[0], events.at(-1)].map((event) => (JSON.parse(event?.data ?? '') as TickMessage).st)
  const dueMs = ((last ?? 0) - (first ?? 0)) / US_PER_MS / 2
  expect(dueMs).toBeGreaterThan(200)
  expect(performance.now() - startMs).toBeGreaterThan(dueMs - 5)
})

const replay = (id: string, fields: Record<string, unknown> = {}) => ({
  type: 'subscribe',
  id,
  data: {
    contracts: [ONE],
    tick_types: ['bid_ask', 'last'],
    replay: { start_time: isoFromUs(DAY_US), end_time: isoFromUs(DAY_US + 60 * US_PER_SECOND), ...fields },
  },
})

const stateOf = (client: WsClient, id: string) => client.of(id).findLast(({ type }) => type === 'replay')?.data

test('over a WebSocket it pauses, goes on, seeks and changes its speed while it runs; live subscriptions stand beside it', async () => {
  const wanted = linesOf(ticks, [ONE])
  await using client = await openWs(server.url)
  client.send(replay('r', { speed: 1 }))
  await until('some ticks', () => client.lines('r').length > 5)
  client.send({ type: 'pause', id: 'r' })
  await until('it is held', () => stateOf(client, 'r')?.state === 'paused')
  const held = client.lines('r').length
  client.send({ type: 'seek', id: 'r', data: { to: isoFromUs(ticks[2_000]?.st ?? 0) } })
  client.send({ type: 'ping', id: 'p' })
  await until('the pong', () => client.of('p').length === 1)
  expect(client.lines('r').length).toBe(held)
  expect(stateOf(client, 'r')).toMatchObject({ state: 'paused', position: isoFromUs(ticks[2_000]?.st ?? 0) })
  client.send({ type: 'speed', id: 'r', data: { speed: 'max' } })
  client.send({ type: 'resume', id: 'r' })
  await until('the end', () => client.of('r').at(-1)?.type === 'complete')
  expect(client.lines('r')).toEqual([...wanted.slice(0, held), ...linesOf(ticks.slice(2_000), [ONE])])
  expect(client.breaches).toEqual([])
})

test('over a WebSocket each wrong field of a replay is named', async () => {
  await using client = await openWs(server.url)
  client.send(replay('speed', { speed: 0 }))
  client.send(replay('start', { start_time: 'noon' }))
  client.send({ type: 'pause', id: 'none' })
  client.send(replay('r', { speed: 0.1 }))
  await until('it runs', () => client.of('r').length > 1)
  client.send({ type: 'seek', id: 'r', data: { to: 'noon' } })
  client.send({ type: 'speed', id: 'r', data: { speed: 5_000 } })
  await until('the errors', () => client.frames.filter(({ type }) => type === 'error').length === 5)
  expect(client.of('speed').at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'speed', value: '0' })
  expect(client.of('start').at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'start_time' })
  expect(client.of('none').at(-1)?.data).toMatchObject({ code: 'IBS_QUERY_SUBSCRIPTION_UNKNOWN' })
  const ofR = client.of('r').filter(({ type }) => type === 'error')
  expect(ofR.map(({ data }) => data.field)).toEqual(['data.to', 'data.speed'])
  expect(client.breaches).toEqual([])
})
