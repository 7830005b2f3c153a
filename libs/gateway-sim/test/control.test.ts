import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startControl } from '../src/control.ts'
import { type GatewaySim, startGatewaySim } from '../src/index.ts'
import { RawClient } from './client/raw-client.ts'

const AAPL = '265598'

describe('faults over HTTP', () => {
  let sim: GatewaySim
  let control: Awaited<ReturnType<typeof startControl>>
  let client: RawClient
  let url = ''

  beforeEach(async () => {
    sim = await startGatewaySim({ port: 0, rate: 5 })
    control = await startControl({ host: '127.0.0.1', port: 0, sim })
    url = `http://127.0.0.1:${(control.address() as AddressInfo).port}/faults`
    client = await RawClient.started(sim.port, 1)
  })
  afterEach(async () => {
    client[Symbol.dispose]()
    control.closeAllConnections()
    control.close()
    await sim.close()
  })

  async function order(fault: object): Promise<{ id: number; active: boolean }> {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(fault) })
    expect(response.status).toBe(201)
    return (await response.json()) as { id: number; active: boolean }
  }
  const lift = async (id: number) => expect((await fetch(`${url}/${id}`, { method: 'DELETE' })).status).toBe(200)
  const subscribe = (requestId: number, kind = 'BidAsk') =>
    client.send('97', String(requestId), AAPL, ...Array(11).fill(''), kind, '0', '0')
  const ticks = () => client.frames().filter(([id]) => id === '99').length
  const codes = () => client.frames().flatMap(([id, , , code]) => (id === '4' ? [Number(code)] : []))
  const flows = (more = 3) => {
    const before = ticks()
    return client.until(() => ticks() >= before + more, 'ticks')
  }
  const answers = async () => {
    const times = () => client.frames().filter(([id]) => id === '49').length
    const before = times()
    client.send('49', '1')
    await client.until(() => times() > before, 'the time')
  }

  it('is mute with the socket open, and loses what was to be sent', async () => {
    subscribe(1)
    await flows()
    const { id } = await order({ fault: 'mute', seconds: 0 })
    await new Promise((resolve) => setImmediate(resolve))
    const heard = client.bytes.length
    client.send('49', '1')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(client.bytes.length - heard).toBeLessThan(1)
    expect(client.closed).toBe(false)
    await lift(id)
    await flows()
  })

  it('resets in the middle of a frame', async () => {
    subscribe(1)
    await flows()
    expect(await order({ fault: 'cut', how: 'rst', where: 'mid-frame' })).toMatchObject({ active: false })
    await client.until(() => client.closed, 'the end')
    expect(sim.stats()).toMatchObject({ clients: 0, subscriptions: 0 })
  })

  it('says 1100 and then 1102, and the flow comes back', async () => {
    subscribe(1)
    await flows()
    const { id } = await order({ fault: 'connectivity', times: 1, end: '1102', seconds: 0 })
    await client.until(() => codes().includes(1100), '1100')
    await lift(id)
    await client.until(() => codes().includes(1102), '1102')
    await flows()
    expect(sim.stats().subscriptions).toBe(1)
  })

  it('says 1101, and no subscription stands any more', async () => {
    subscribe(1)
    await flows()
    const { id } = await order({ fault: 'connectivity', times: 1, end: '1101', seconds: 0 })
    await lift(id)
    await client.until(() => codes().includes(1101), '1101')
    expect(sim.stats().subscriptions).toBe(0)
  })

  it('pauses the streams of a broken farm', async () => {
    subscribe(1)
    await flows()
    const { id } = await order({ fault: 'farm', farm: 'usfarm', seconds: 0 })
    await client.until(() => codes().includes(2103), '2103')
    await answers()
    const paused = ticks()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(ticks()).toBe(paused)
    await lift(id)
    await client.until(() => codes().includes(2119), '2119')
    await flows()
  })

  it('refuses connections until it is lifted, and keeps those that stand', async () => {
    const attempt = () =>
      new Promise<string>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: sim.port })
        socket.once('error', () => resolve('refused'))
        socket.once('connect', () => {
          socket.destroy()
          resolve('taken')
        })
      })
    const { id } = await order({ fault: 'refuse', seconds: 0 })
    expect(await attempt()).toBe('refused')
    await answers()
    await lift(id)
    let last = await attempt()
    for (const deadline = Date.now() + 20_000; last === 'refused' && Date.now() < deadline; ) last = await attempt()
    expect(last).toBe('taken')
  })

  it('cuts frames into single bytes, and nothing is missing', async () => {
    await order({ fault: 'split', bytes: 1, seconds: 0 })
    subscribe(1)
    await flows(10)
    await answers()
  })

  it.each([
    [{ fault: 'notice', code: 12.5, text: 'x' }, 'code must be an integer from 0 to 99999, not 12.5'],
    [{ fault: 'notice', code: 1, text: null }, 'text must be a text without NUL, not null'],
    [{ fault: 'lines', lines: 2.5 }, 'lines must be an integer from 0 to 10000, not 2.5'],
    [{ fault: 'cut', client: 1.5 }, 'client must be an integer from -1 to'],
  ])('takes no %j', async (fault, why) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(fault) })
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ error: expect.stringContaining(why) })])
  })

  it('tells no past from 1970 on to who leaves the start empty', async () => {
    const response = await fetch(url.replace('faults', `tape?cid=${AAPL}&tt=bid_ask&start=&end=5`))
    expect(response.status).toBe(400)
  })

  it('refuses the same within 15 seconds, a sixth line, and a fault that is none', async () => {
    subscribe(1)
    await flows(1)
    client.send('98', '1')
    subscribe(2)
    await client.until(() => codes().includes(322), '322')
    await order({ fault: 'lines', lines: 0 })
    subscribe(3, 'Last')
    await client.until(() => codes().includes(10190), '10190')
    const response = await fetch(url, { method: 'POST', body: '{"fault":"mute","bytes":1}' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'IBS_SIM_FAULT_INVALID', error: expect.stringContaining('bytes') })
  })
})
