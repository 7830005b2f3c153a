import { type MicroService, serveMicro } from '@ib-stream/bus'
import type { RecordingHealth, StreamHealth } from '@ib-stream/model'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { CIDS, market, openRecording, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const [ONE] = CIDS
const stream: StreamHealth = {
  cid: ONE,
  tt: 'last',
  symbol: 'MNQ',
  tracked: true,
  health: 'healthy',
  subscription: 'subscribed',
  market: 'open',
  ticks: 5,
  lastStUs: 1_753_880_400_000_000,
}
const healthy: RecordingHealth = {
  health: 'healthy',
  gateway: 'ready',
  lines: { allowed: 5, granted: 1, waiting: 0 },
  streams: [stream],
  troubles: [],
  clock: {
    state: 'agrees',
    offsetUs: 0,
    bounds: { lowUs: -400_000, highUs: 100_000 },
    streams: [{ cid: ONE, tt: 'last', lagUs: 250_000, isOff: false }],
  },
}
let recording: Recording
let server: StandingServer
const running: MicroService[] = []
/** What the services say; the replies are the real ones of the services protocol. */
let says: Record<string, unknown> = {}

beforeAll(async () => {
  recording = await openRecording()
  server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub: undefined } })
  await recording.publish(market(50, { seed: 3 }))
  const last = (await recording.messages()).at(-1)?.seq ?? 0
  for (const backend of ['json', 'pb'] as const) for (const cid of CIDS) await recording.write(backend, cid, last)
})
afterEach(async () => {
  for (const service of running.splice(0)) await service.close()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await recording?.[Symbol.asyncDispose]()
})

function run(...names: string[]): void {
  says = {
    ingest: healthy,
    keeper: { state: 'keeping', alerts: [] },
    'writer-json': { state: 'writing', failed: {} },
    'writer-proto': { state: 'writing', failed: {} },
  }
  for (const name of names) {
    const backend = { 'writer-json': 'json', 'writer-proto': 'pb' }[name]
    running.push(
      serveMicro({
        bus: recording.bus,
        name,
        version: '1.0.0',
        description: name,
        metadata: backend === undefined ? {} : { backend },
        state: () => says[name],
      }),
    )
  }
}
const ALL = ['ingest', 'keeper', 'writer-json', 'writer-proto']

interface SystemHealth {
  system_status: string
  issues: { status: string; about: string; text: string }[]
  services: Record<string, { replicas: number }>
}
async function ask<Body = Record<string, unknown>>(path: string): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${server.url}${path}`)
  return { status: response.status, body: (await response.json()) as Body }
}
const system = () => ask<SystemHealth>('/system/health')
/** Until what is said has reached the answers, which may be a second old. */
const untilSystem = (what: string, holds: (health: { status: number; body: SystemHealth }) => boolean) =>
  until(what, async () => holds(await system()))

test('each kind of trouble makes the system degraded, or somebody look, and is named; an uptime monitor needs the status alone', async () => {
  run(...ALL, 'writer-json')
  await untilSystem('it is well but for partitions that nobody wrote', ({ body }) => body.services['writer-json']?.replicas === 2)
  const issuesWith = async (more: Record<string, unknown>, about: string) => {
    says = { ...says, ...more }
    let found: SystemHealth['issues'][number] | undefined
    await until(about, async () => {
      const { status, body } = await system()
      found = body.issues.find((issue) => issue.about === about)
      return found !== undefined && status === (body.system_status === 'degraded' ? 503 : 200)
    })
    return found
  }
  const degraded = { ...healthy, health: 'unhealthy', streams: [{ ...stream, health: 'unhealthy', reason: 'no_line' }] } as const
  expect(await issuesWith({ ingest: degraded }, 'recording')).toMatchObject({ status: 'degraded' })
  expect(await issuesWith({}, 'MNQ last')).toMatchObject({ status: 'degraded', text: 'no_line' })
  const trouble = { ...healthy, troubles: [{ name: 'MNQ.front', text: 'expires in 3 days' }] }
  expect(await issuesWith({ ingest: trouble }, 'MNQ.front')).toMatchObject({ status: 'warning' })
  const late = { ...healthy, clock: { ...healthy.clock, state: 'differs', offsetUs: 7_000_000 } } as const
  expect(await issuesWith({ ingest: late }, 'time')).toMatchObject({ status: 'warning' })
  expect((await ask('/time/status')).body).toMatchObject({ status: 'critical', drift_ms: 7_000 })
  expect(
    await issuesWith({ keeper: { state: 'keeping', alerts: [{ alert: 'disk_low', summary: 'make room' }] } }, 'disk_low'),
  ).toMatchObject({
    status: 'degraded',
    text: 'make room',
  })
  expect(await issuesWith({ 'writer-proto': { state: 'writing', failed: { 3: 'locked' } } }, 'writer-proto partition 3')).toMatchObject({
    text: 'locked',
  })
  expect(await issuesWith({ ingest: { nonsense: true } }, 'ingest')).toMatchObject({ status: 'degraded' })
})

test('a service that is gone is missed: ingest, a writer, the keeper', async () => {
  run('writer-json')
  await untilSystem('all that is missing', ({ status, body }) => {
    const about = body.issues.map((issue) => `${issue.status} ${issue.about}`)
    return status === 503 && ['degraded ingest', 'warning keeper', 'degraded storage pb'].every((one) => about.includes(one))
  })
  expect((await ask('/health/streams')).body).toMatchObject({ code: 'IBS_QUERY_INGEST_AWAY', status: 503 })
  expect(await ask('/health')).toMatchObject({ status: 503, body: { dataFlows: false, recording: 'away', ready: true } })
})

test('the storage: how far each backend is, by its checkpoints and the log; who writes it', async () => {
  run(...ALL)
  await until('the writers are known', async () => {
    const { body } = await ask<{ backends: { writers: number }[] }>('/storage/status')
    return body.backends.every(({ writers }) => writers === 1)
  })
  const { body } = await ask<{ backends: Record<string, unknown>[] }>('/storage/status')
  expect(body).toMatchObject({ disk: { free_percent: expect.any(Number) }, log: { source: 'simulator', first_seq: 1 } })
  expect(body.backends.map(({ backend }) => backend)).toEqual(['json', 'pb'])
  // partitions without a contract here have no checkpoint: the lowest of all counts
  expect(body.backends[0]).toMatchObject({ seq: 0, problems: [], lag_messages: expect.any(Number) })
})

test('while the market is closed no tick is missing: green', async () => {
  run(...ALL)
  says = { ...says, ingest: { ...healthy, health: 'off_hours', streams: [{ ...stream, health: 'off_hours', market: 'closed' }] } }
  await until('it is told', async () => (await ask('/health')).body.recording === 'off_hours')
  expect(await ask('/health')).toMatchObject({ status: 200, body: { dataFlows: true } })
})

test('without NATS files are still described, and health says why it is red', async () => {
  await using alone = await startServer({ dataDir: recording.dataDir })
  const storage = (await (await fetch(`${alone.url}/storage/status`)).json()) as Record<string, unknown>
  expect(storage).toMatchObject({ log: null, backends: [{ state: 'unknown', writers: null, lag_messages: null }, {}] })
  expect((await fetch(`${alone.url}/health`)).status).toBe(503)
  for (const path of ['/v3/tracked', '/health/streams', '/time/status']) {
    const response = await fetch(`${alone.url}${path}`)
    expect([path, response.status, response.headers.get('retry-after')]).toEqual([path, 503, '1'])
  }
  expect(await (await fetch(`${alone.url}/time/drift/history`)).json()).toEqual({ entries: [], total: 0 })
})

test('the history of the clocks has each change, the newest where only some are asked for', async () => {
  const clock = (st: number, state: string, offsetUs: number) =>
    JSON.stringify({ kind: 'clock', st, epoch: 1, state, offsetUs, reason: 'as told' })
  const lines = [clock(5_000_001, 'differs', 1_500_000), clock(5_000_002, 'agrees', 10_000), clock(5_000_003, 'set', -37_000_000)]
  for (const line of lines) recording.publisher.add({ subject: 'ib.events.clock', line })
  recording.publisher.add({
    subject: 'ib.events.lag',
    line: JSON.stringify({ kind: 'lag', st: 5_000_004, epoch: 1, cid: ONE, tt: 'last', state: 'off', lagUs: 9_000_000, reason: 'as told' }),
  })
  await recording.publisher.settled(AbortSignal.timeout(10_000))
  const { body } = await ask<{ entries: object[]; total: number }>('/time/drift/history?limit=3')
  expect(body).toMatchObject({
    total: 4,
    entries: [
      { state: 'agrees', drift_ms: 10 },
      { state: 'set', drift_ms: -37_000, at: '1970-01-01T00:00:05.000003Z' },
      { kind: 'lag', state: 'off', drift_ms: 9_000, contract_id: ONE, tick_type: 'last' },
    ],
  })
  expect((await ask('/time/drift/history?limit=0')).status).toBe(400)
})
