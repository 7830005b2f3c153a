import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type GatewaySim, startGatewaySim } from '../../src/index.ts'
import { RawClient } from '../client/raw-client.ts'

const IBM = '8314'

describe('what a gateway refuses or does behind its word', () => {
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

  const askTicks = (rid: number, kind = 'BidAsk') => client.send('97', String(rid), IBM, ...Array<string>(11).fill(''), kind, '0', '0')
  const askHistory = (rid: number) =>
    client.send(
      '96',
      String(rid),
      IBM,
      ...Array<string>(6).fill(''),
      'SMART',
      '',
      'USD',
      '',
      '',
      '0',
      '',
      '20251120-15:00:00',
      '5',
      'TRADES',
      '0',
      '0',
      '',
    )
  const ticks = (rid: number) => client.frames().filter(([id, request]) => id === '99' && request === String(rid))
  const flows = async (rid: number) => {
    const before = ticks(rid).length
    await client.until(() => ticks(rid).length > before + 2, `ticks of ${rid}`)
  }
  const errorOf = async (rid: number) => {
    const found = () => client.frames().find(([id, , request]) => id === '4' && request === String(rid))
    await client.until(() => found() !== undefined, `an error of ${rid}`)
    return found()?.slice(3, 5) ?? []
  }

  it.each(['10089', '10189', '354', '200'])('ticks by %s', async (code) => {
    sim.faults.order({ fault: 'deny', code, cid: 8314 })
    askTicks(1)
    expect((await errorOf(1))[0]).toBe(code)
  })

  it.each([
    ['10187', /^Failed to request historical ticks:No market data permissions for/],
    ['162', /^Historical Market Data Service error message:/],
    ['200', /^No security definition/],
  ])('history by %s', async (code, words) => {
    sim.faults.order({ fault: 'deny', code, cid: 8314 })
    askHistory(2)
    expect(await errorOf(2)).toEqual([code, expect.stringMatching(words)])
  })

  it('a competing session takes the flow of standing requests (10197), and refuses new ones and history (162)', async () => {
    askTicks(1)
    await flows(1)
    const { id } = sim.faults.order({ fault: 'competing', seconds: 0 })
    expect(await errorOf(1)).toEqual(['10197', 'No market data during competing live session'])
    askTicks(2, 'Last')
    askHistory(3)
    expect([(await errorOf(2))[0], (await errorOf(3))[0]]).toEqual(['10197', '162'])
    const paused = ticks(1).length
    sim.faults.lift(id)
    await client.until(() => ticks(1).length > paused, 'the flow')
  })

  it('sends on for a while what was cancelled', async () => {
    sim.faults.order({ fault: 'after-cancel', seconds: 0, goOnSeconds: 60 })
    askTicks(1)
    await flows(1)
    client.send('98', '1')
    await flows(1)
  })

  it('says to whoever connects which farm is broken, and of no such farm that it is well', async () => {
    const { id } = sim.faults.order({ fault: 'farm', farm: 'usfarm', seconds: 0 })
    using other = await RawClient.started(sim.port, 8)
    const farms = () =>
      other
        .frames()
        .flatMap(([type, , , code = '', text = '']) => (type === '4' && /^21\d\d$/.test(code) ? [`${code} ${text.split(':')[1]}`] : []))
    await other.until(() => farms().length === 5, 'all farms')
    expect(farms()).toEqual(['2104 usfuture', '2104 cashfarm', '2103 usfarm', '2106 ushmds', '2158 secdefnj'])
    sim.faults.lift(id)
    await other.until(() => farms().at(-1) === '2104 usfarm', 'it is well')
  })

  it('says so of a farm too that it does not name while it is well', async () => {
    sim.faults.order({ fault: 'farm', farm: 'eufarm', seconds: 0 })
    using other = await RawClient.started(sim.port, 8)
    await other.until(() => other.frames().length === 9, 'nine messages')
    expect(other.frames().at(-1)).toEqual(['4', '2', '-1', '2103', 'Market data farm connection is broken:eufarm', ''])
  })

  it('has no history while it is cut off from IB (1100), and has it again afterwards', async () => {
    const { id } = sim.faults.order({ fault: 'connectivity', seconds: 0, times: 1, end: '1102' })
    askHistory(2)
    expect(await errorOf(2)).toEqual(['162', expect.stringMatching(/^Historical Market Data Service error message:/)])
    sim.faults.lift(id)
    askHistory(3)
    await client.until(() => client.frames().some(([type, rid]) => type === '98' && rid === '3'), 'the history')
  })

  it('comes back from a broken farm (2103, 2119, 2104) with prices off by a constant, until they are asked for anew', async () => {
    const bids = (rid: number) => ticks(rid).map((fields) => Number(fields[4]))
    askTicks(1)
    await flows(1)
    const usual = Math.max(...bids(1))
    const { id } = sim.faults.order({ fault: 'farm', farm: 'usfarm', seconds: 0, priceOffset: 1_000_000 })
    await client.until(() => client.frames().some((fields) => fields[3] === '2103'), '2103')
    sim.faults.lift(id)
    await client.until(() => (bids(1).at(-1) ?? 0) > 900_000, 'prices that are off')
    const farm = client.frames().flatMap(([type, , , code = '']) => (type === '4' && ['2103', '2119'].includes(code) ? [code] : []))
    expect(farm).toEqual(['2103', '2119'])
    client.send('98', '1')
    askTicks(2)
    await flows(2)
    expect(Math.max(...bids(2))).toBeLessThan(2 * usual)
  })
})
