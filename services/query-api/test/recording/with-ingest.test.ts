import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { IngestBench } from '../../../ingest/test/ingest-bench.ts'
import { type StandingServer, startServer } from '../standing-server.ts'

const IBM = 8314
const MNQ = 711280073
let bench: IngestBench
let server: StandingServer

/** The real ingest with the simulator, in the regular hours of a Tuesday, and the real server on its bus. */
beforeAll(async () => {
  bench = await IngestBench.open({
    env: { IB_STREAM_TRACKED_CONTRACTS: `${IBM}:IBM:bid_ask`, IB_STREAM_BACKFILL: '0s' },
    clock: { start: '2026-11-24T15:00:00Z', rate: 1 },
  })
  const nowUs = () => Date.parse(bench.sim.stats().clock) * 1_000
  server = await startServer({ dataDir: bench.dataDir, live: { bus: bench.bus, hub: undefined }, nowUs })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
})

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${server.url}${path}`, init)
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}
const put = (name: string, body: object) =>
  ask(`/v3/tracked/${name}`, { method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
const streamsOf = async (cid: number) => ((await ask(`/health/streams/${cid}`)).body.streams ?? []) as Record<string, unknown>[]

test('what is put on the list of tracked contracts is recorded, what is taken from it is not', async () => {
  await waitFor('IBM is recorded', async () => (await streamsOf(IBM))[0]?.health === 'healthy', 30_000)
  expect((await ask('/v3/tracked')).body).toMatchObject({ total: 1, contracts: [{ name: String(IBM), symbol: 'IBM', contract_id: IBM }] })
  expect((await ask(`/health/streams/${MNQ}`)).body).toMatchObject({ code: 'IBS_QUERY_NOT_RECORDED', value: MNQ, allowed: [IBM] })

  const made = await put(String(MNQ), { tick_types: ['bid_ask', 'last'] })
  expect(made).toMatchObject({ status: 201, body: { name: String(MNQ), symbol: 'MNQ', tick_types: ['bid_ask', 'last'], contract_id: MNQ } })
  await waitFor('MNQ is recorded', async () => (await streamsOf(MNQ)).filter(({ ticks }) => Number(ticks) > 0).length === 2, 30_000)
  expect(await put(String(MNQ), { tick_types: ['last'], symbol: 'my future' })).toMatchObject({
    status: 200,
    body: { symbol: 'my future' },
  })
  await waitFor('one stream of it', async () => (await streamsOf(MNQ)).length === 1, 30_000)
  expect((await ask('/v3/tracked')).body).toMatchObject({ contracts: [{}, { symbol: 'my future', tick_types: ['last'], buffer_hours: 1 }] })

  expect((await ask(`/v3/tracked/${MNQ}`, { method: 'DELETE' })).status).toBe(204)
  await waitFor('it is recorded no longer', async () => (await ask(`/health/streams/${MNQ}`)).status === 404, 30_000)
  expect((await ask(`/v3/tracked/${MNQ}`, { method: 'DELETE' })).body).toMatchObject({
    code: 'IBS_QUERY_NOT_TRACKED',
    allowed: [String(IBM)],
  })
})

test('a front contract is tracked by its name; what IB does not know, or a wrong body, is refused and changes nothing', async () => {
  expect((await put('mnq.front', { tick_types: ['last'] })).body).toMatchObject({ name: 'MNQ.front', contract_id: expect.any(Number) })
  expect((await ask('/v3/tracked/MNQ.front', { method: 'DELETE' })).status).toBe(204)
  expect(await put('NOSUCH', { tick_types: ['last'] })).toMatchObject({ status: 404, body: { code: 'IBS_QUERY_CONTRACT_UNKNOWN' } })
  for (const body of [
    {},
    { tick_types: [] },
    { tick_types: ['BidAsk'] },
    { tick_types: ['last'], more: 1 },
    { tick_types: ['last'], buffer_hours: 0 },
  ])
    expect((await put(String(MNQ), body)).body).toMatchObject({ code: 'IBS_QUERY_BODY_INVALID' })
  expect((await ask('/v3/tracked')).body.total).toBe(1)
})

test('the clocks agree and every tick is of now; without drift there is no history of it', async () => {
  const status = await waitFor('IB told the time', async () => {
    const { body } = await ask('/time/status')
    return body.status === 'healthy' && body
  })
  expect(status).toMatchObject({ drift_ms: 0, bounds_ms: { low: expect.any(Number), high: expect.any(Number) } })
  expect((await ask('/time/drift/history')).body).toEqual({ entries: [], total: 0 })
})

test('health follows the data: green while ticks come, 503 once the gateway is cut off, and the coverage has the gap', async () => {
  expect(await ask('/health')).toMatchObject({ status: 200, body: { state: 'ok', dataFlows: true, recording: 'healthy' } })
  expect(await ask('/health/streams')).toMatchObject({
    body: { gateway: 'ready', lines: { granted: 1, waiting: 0 }, streams: [{ contract_id: IBM, tick_type: 'bid_ask', gap: null }] },
  })
  bench.sim.faults.order({ fault: 'connectivity', seconds: 3_600 })
  await waitFor('it is red', async () => (await ask('/health')).status === 503, 30_000)
  expect((await ask('/health')).body).toMatchObject({ state: 'degraded', ready: true, dataFlows: false })
  expect((await ask('/ready')).status).toBe(200)
  const [stream] = await streamsOf(IBM)
  expect(stream).toMatchObject({ health: expect.stringMatching(/degraded|unhealthy/), gap: { cause: 'connectivity_lost' } })
  const { body } = await ask(`/v3/coverage/${IBM}?hours=always&buffer_duration=1h`)
  expect(body).toMatchObject({ tick_types: { bid_ask: { gaps: [{ cause: 'connectivity_lost', is_open: true, filled: null }] } } })
})
