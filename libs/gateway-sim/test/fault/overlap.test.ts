import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type FaultOrder, type GatewaySim, startGatewaySim } from '../../src/index.ts'
import { RawClient } from '../client/raw-client.ts'

describe('two faults of a kind that overlap, the first one ending first', () => {
  let sim: GatewaySim
  let client: RawClient
  beforeEach(async () => {
    sim = await startGatewaySim({ port: 0, rate: 20, repeatSeconds: 0, messagesPerSecond: 0 })
    client = await RawClient.started(sim.port, 1)
  })
  afterEach(async () => {
    client[Symbol.dispose]()
    await sim.close()
  })

  const ask = (rid: number) => client.send('97', String(rid), '8314', ...Array<string>(11).fill(''), 'BidAsk', '0', '0')
  const ticks = (rid: number) => client.frames().filter(([id, request]) => id === '99' && request === String(rid)).length
  const flows = (rid: number) => {
    const before = ticks(rid)
    return client.until(() => ticks(rid) > before + 2, `ticks of ${rid}`)
  }
  const codes = () => client.frames().flatMap(([id, , , code]) => (id === '4' && Number(code) !== 2104 ? [Number(code)] : []))
  const both = (first: FaultOrder, second: FaultOrder) => [first, second].map((order) => sim.faults.order(order).id)

  it('leave the lines as they were', async () => {
    const [first = 0, second = 0] = both({ fault: 'lines', lines: 1 }, { fault: 'lines', lines: 0 })
    sim.faults.lift(first)
    ask(1)
    await client.until(() => codes().includes(10190), 'the refusal')
    sim.faults.lift(second)
    ask(2)
    ask(3)
    await flows(2)
    await flows(3)
  })

  it('still send on what is cancelled', async () => {
    const [first = 0] = both({ fault: 'after-cancel', seconds: 0, goOnSeconds: 60 }, { fault: 'after-cancel', seconds: 0, goOnSeconds: 60 })
    sim.faults.lift(first)
    ask(1)
    await flows(1)
    client.send('98', '1')
    await flows(1)
  })

  it('still break the farm, and say once that it is well', async () => {
    const farm = { fault: 'farm', farm: 'usfarm', seconds: 0 }
    const [first = 0, second = 0] = both(farm, farm)
    sim.faults.lift(first)
    using other = await RawClient.started(sim.port, 2)
    expect(other.frames().map(([, , , code]) => code)).toContain('2103')
    sim.faults.lift(second)
    await client.until(() => codes().includes(2119), 'the farm connects')
    client.send('49', '1')
    await client.until(() => client.frames().some(([id]) => id === '49'), 'the time')
    expect(codes().filter((code) => code === 2119)).toHaveLength(1)
  })

  it('still cut what is sent', async () => {
    const [first = 0] = both({ fault: 'split', bytes: 1, seconds: 0 }, { fault: 'split', bytes: 1, seconds: 0 })
    sim.faults.lift(first)
    let longest = 0
    client.socket.on('data', (chunk: Buffer) => {
      longest = Math.max(longest, chunk.length)
    })
    ask(1)
    await flows(1)
    expect(longest).toBeLessThan(64)
  })

  it.each([
    ['1102', '1102', [1100, 1100, 1102]],
    ['1101', '1102', [1100, 1100, 1101]],
    ['1102', '1101', [1100, 1100, 1101]],
  ])('keep it cut off from IB: %s and then %s are one end', async (firstEnd, secondEnd, heard) => {
    const outage = { fault: 'connectivity', times: 1, seconds: 0 }
    ask(1)
    await flows(1)
    const [first = 0, second = 0] = both({ ...outage, end: firstEnd }, { ...outage, end: secondEnd })
    sim.faults.lift(first)
    sim.faults.lift(second)
    await client.until(() => codes().some((code) => code === 1101 || code === 1102), 'the end')
    client.send('49', '1')
    await client.until(() => client.frames().some(([id]) => id === '49'), 'the time')
    expect(codes().filter((code) => code < 2000)).toEqual(heard)
    if (heard.includes(1102)) await flows(1)
    else expect(sim.stats().subscriptions).toBe(0)
  })
})
