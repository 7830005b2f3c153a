import { type AddressInfo, createServer, type Socket } from 'node:net'
import { openTracked, trackedKey } from '@ib-stream/bus'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '../../../test/support/free-port.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { IngestBench } from './ingest-bench.ts'

const IBM = 8314
const env = { IB_STREAM_TRACKED_CONTRACTS: `${IBM}:IBM:bid_ask`, IB_STREAM_BACKFILL: '0s' }

/** What `/health` says of the gateway, once it has failed. */
const gatewayReason = (bench: IngestBench, fits: RegExp) =>
  waitFor(`a reason like ${fits}`, () => {
    const reason = String(bench.part('gateway')?.reason)
    return fits.test(reason) && reason
  })

/** Something that takes connections and is no gateway. */
async function strangeServer(take: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    take(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => server.close() }
}

describe('what ingest says when something is not as it should be', () => {
  it('a gateway that is not reachable: where it looked, and what to switch on', async () => {
    const port = await freePort()
    await using bench = await IngestBench.open({ env: { ...env, SIM_PORT: String(port) } })
    const reason = await gatewayReason(bench, /nothing takes connections/)
    expect(reason).toContain(`at 127.0.0.1:${port}: start IB Gateway or TWS and log in, switch its API on`)
    expect(reason).toContain('check IB_HOST and IB_PORTS')
    expect(bench.stream(IBM, 'bid_ask')).toMatchObject({ state: 'waiting', reason: expect.stringContaining('start IB Gateway') })
  })

  it('an API that takes nobody from here: what to allow', async () => {
    using server = await strangeServer((socket) => socket.end())
    await using bench = await IngestBench.open({ env: { ...env, SIM_PORT: String(server.port) } })
    expect(await gatewayReason(bench, /takes connections but/)).toMatch(/does not serve this one.*Trusted IPs/)
  })

  it('a gateway that waits for somebody: to look for a dialog', async () => {
    const sockets: Socket[] = []
    using server = await strangeServer((socket) => sockets.push(socket))
    await using bench = await IngestBench.open({ env: { ...env, SIM_PORT: String(server.port), IB_CONNECT_TIMEOUT_MS: '300' } })
    expect(await gatewayReason(bench, /not ready in time/)).toContain('look for a dialog that waits there')
    for (const socket of sockets) socket.destroy()
  })

  it('a client id that is in use: which setting names another', async () => {
    await using first = await IngestBench.open({ env })
    await first.ticks(IBM, 'bid_ask')
    await using second = await IngestBench.open({ env: { ...env, SIM_PORT: String(first.sim.port) } })
    expect(await gatewayReason(second, /already in use/)).toContain('set IB_CLIENT_ID to one that is free')
  })

  it.each([
    ['10189', /No market data permissions for NYSE STK.*subscribe to the live market data/],
    ['10089', /additional subscription.*subscribe to the live market data/],
    ['354', /not subscribed.*subscribe to the live market data/],
    ['200', /No security definition.*check the id/],
  ])('a tracked contract that IB refuses with %s: its words, and what to do', async (code, words) => {
    await using bench = await IngestBench.open({ env: { ...env, IB_STREAM_TRACKED_CONTRACTS: '265598:AAPL:bid_ask' } })
    await bench.ticks(265598, 'bid_ask')
    bench.sim.faults.order({ fault: 'deny', code, cid: IBM })
    const bucket = await openTracked(bench.bus)
    await bucket.put(trackedKey(String(IBM)), { name: String(IBM), symbol: 'IBM', tickTypes: ['bid_ask'], bufferHours: 1 })
    const refused = await waitFor('the refusal', () => bench.streams.find(({ state }) => state === 'refused'))
    expect(refused.reason).toMatch(words)
    expect(bench.part('streams')).toMatchObject({ state: 'refused', ready: true, health: 'degraded' })
    expect(bench.notes<{ reason?: string }>('stream').some(({ reason = '' }) => words.test(reason))).toBe(true)
  })

  it('more streams than lines: how many were asked for, how many are allowed, and which one waits', async () => {
    const tracked = '265598:AAPL:bid_ask;last;all_last,8314:IBM:bid_ask;last;mid_point'
    await using bench = await IngestBench.open({ env: { ...env, IB_STREAM_TRACKED_CONTRACTS: tracked } })
    await bench.ticks(265598, 'bid_ask')
    expect(bench.notes('plan').at(-1)).toMatchObject({
      lines: 5,
      waiting: ['IBM mid_point'],
      warnings: [
        '6 streams asked for, 5 lines allowed: IBM mid_point must wait',
        expect.stringContaining('AAPL is asked for as last and as all_last'),
      ],
    })
    expect(bench.stream(IBM, 'mid_point')).toMatchObject({
      state: 'no_line',
      health: 'unhealthy',
      reason: expect.stringContaining('all 5 tick-by-tick lines are taken'),
    })
  })
})
