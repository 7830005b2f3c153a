import { CONTRACT_LOOKUP, openKeyValue } from '@ib-stream/bus'
import { calendarOf, schedule } from '@ib-stream/calendar'
import { startGatewaySim } from '@ib-stream/gateway-sim'
import type { ContractAnswer } from '@ib-stream/model'
import { openClock } from '@ib-stream/service'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '../../../../test/support/free-port.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { ContractBook, type KeptContracts } from '../../src/contracts/contract-book.ts'
import { openContractDesk } from '../../src/contracts/contract-desk.ts'
import { RecorderBench } from '../support.ts'

const MNQ = { cid: 711280073, symbol: 'MNQ', tickTypes: ['last'] } as const
const DAY_MS = 24 * 3_600 * 1_000

/** A desk on the recorder of a bench, with a clock that stands where the test puts it. */
async function openDesk(bench: RecorderBench) {
  const wall = { ms: Date.now() }
  const clock = openClock({ virtual: { startMs: 0, originMs: 0, rate: 1 }, ports: { wallMs: () => 0, monotonicMs: () => wall.ms } })
  const bucket = await openKeyValue<KeptContracts>(bench.bus, { bucket: 'contracts', parse: (value) => value as KeptContracts })
  const book = new ContractBook(
    async () => bucket,
    clock,
    () => bench.recorder.session,
  )
  const desk = openContractDesk(bench.bus, { lookUp: (query) => book.lookUp(query), resolve: (name) => book.lookUp({ symbol: name }) })
  const ask = async (query: unknown): Promise<ContractAnswer> => {
    const text = typeof query === 'string' ? query : JSON.stringify(query)
    return (await bench.bus.connection.request(CONTRACT_LOOKUP, text, { timeout: 20_000 })).json<ContractAnswer>()
  }
  return { ask, wall, [Symbol.dispose]: () => desk.close() }
}

const cidsOf = (answer: ContractAnswer) => (answer.ok ? answer.contracts.map(({ cid }) => cid) : answer)

describe('contract look-up over the bus', () => {
  it('remembers the hours of days that are over, with their holidays, of which IB says nothing any more', async () => {
    const port = await freePort()
    const options = { port, rate: 5, lines: 100, repeatSeconds: 0 }
    const before = await startGatewaySim({ ...options, clockStart: '2025-11-25T15:00:00Z' })
    await using bench = await RecorderBench.open([MNQ], [port])
    await waitFor('it is connected', () => bench.recorder.state === 'ready')
    using desk = await openDesk(bench)
    await desk.ask({ cid: 265598 })
    await before.close()
    await using after = await startGatewaySim({ ...options, clockStart: '2025-12-01T15:00:00Z' })
    void after
    await waitFor('it is connected again', () => bench.recorder.state === 'ready' && bench.recorder.epoch === 2)
    desk.wall.ms += 2 * DAY_MS
    const answer = await desk.ask({ symbol: 'AAPL', secType: 'STK' })
    const [apple] = answer.ok ? answer.contracts : []
    expect(apple?.tradingHours).not.toContain('20251127')
    const days = apple ? schedule(calendarOf(apple), '2025-11-26', 3).map(({ date, status }) => `${date} ${status}`) : []
    expect(days).toEqual(['2025-11-26 open', '2025-11-27 closed', '2025-11-28 open'])
    expect(await desk.ask({ cid: 265598 })).toMatchObject({ ok: true, cached: true, contracts: [{ toldBefore: apple?.toldBefore }] })
  })

  it('answers by id and by symbol, keeps it a day, and says how old it is when the gateway is away', async () => {
    const sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ], [sim.port])
    await waitFor('it is connected', () => bench.recorder.state === 'ready')
    using desk = await openDesk(bench)
    const first = await desk.ask({ symbol: 'aapl', secType: 'STK' })
    expect(first).toMatchObject({ ok: true, cached: false, contracts: [{ cid: 265598, symbol: 'AAPL', currency: 'USD' }] })
    expect(first.ok && first.contracts[0]?.tradingHours).toMatch(/^\d{8}:/)
    desk.wall.ms += 3_600_000
    expect(await desk.ask({ cid: 265598 })).toMatchObject({ ok: true, cached: true, ageSeconds: 3_600 })
    await sim.close()
    await waitFor('the gateway is away', () => bench.recorder.session === undefined)
    desk.wall.ms += 2 * DAY_MS
    expect(await desk.ask({ symbol: 'AAPL', secType: 'STK' })).toMatchObject({ ok: true, cached: true, ageSeconds: 176_400 })
    expect(await desk.ask({ cid: 8314 })).toMatchObject({ ok: false, code: 'IBS_INGEST_GATEWAY_AWAY' })
  })

  it('knows contracts of every type, by their id and as they are described', async () => {
    await using sim = await startGatewaySim({
      port: 0,
      clockStart: '2025-07-30T15:00:00Z',
      rate: 5,
      lines: 100,
      repeatSeconds: 0,
      messagesPerSecond: 0,
    })
    await using bench = await RecorderBench.open([MNQ], [sim.port])
    await waitFor('it is connected', () => bench.recorder.state === 'ready')
    using desk = await openDesk(bench)
    const described: Record<string, object> = {
      STK: { symbol: 'AAPL' },
      FUT: { symbol: 'MNQ', expiry: '202509' },
      OPT: { symbol: 'AAPL', expiry: '20250815', strike: 230, right: 'C' },
      CASH: { symbol: 'EUR', currency: 'USD' },
      IND: { symbol: 'SPX' },
      CFD: { symbol: 'IBUS500' },
      CMDTY: { symbol: 'XAUUSD' },
      BOND: { symbol: 'US-T' },
      FUND: { symbol: 'VFIAX' },
    }
    for (const [secType, query] of Object.entries(described)) {
      const answer = await desk.ask({ secType, ...query })
      const [contract] = answer.ok ? answer.contracts : []
      expect([secType, answer.ok || answer.message]).toEqual([secType, true])
      expect(contract).toMatchObject({ secType, timeZoneId: expect.stringMatching(/./), tradingHours: expect.stringMatching(/^\d{8}:/) })
      expect(cidsOf(await desk.ask({ cid: contract?.cid }))).toEqual([contract?.cid])
    }
    const chain = await desk.ask({ symbol: 'AAPL', secType: 'OPT', expiry: '20250815', right: 'P' })
    const strikes = chain.ok ? chain.contracts.map(({ strike = 0 }) => strike) : []
    expect([strikes.length, Math.min(...strikes), Math.max(...strikes)]).toEqual([13, 200, 260])
  })

  it('never mixes look-ups that run at once, and says what IB does not know', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ], [sim.port])
    await waitFor('it is connected', () => bench.recorder.state === 'ready')
    using desk = await openDesk(bench)
    const cids = [265598, 8314, 711280073, 999_999_999]
    const answers = await Promise.all([...cids, ...cids].map((cid) => desk.ask({ cid })))
    const wanted = [[265598], [8314], [711280073], expect.objectContaining({ ok: false, code: 'IBS_INGEST_NO_CONTRACT' })]
    expect(answers.map(cidsOf)).toEqual([...wanted, ...wanted])
  })

  it('names the field of a look-up that cannot be, also of what is no JSON', async () => {
    await using bench = await RecorderBench.open([MNQ], [1])
    using desk = await openDesk(bench)
    expect(await desk.ask({ symbol: 'A', secType: 'XYZ' })).toMatchObject({ ok: false, code: 'IBS_INGEST_QUERY_INVALID', field: 'secType' })
    for (const wrong of ['{', '7', '', '{"colour":"red","symbol":"A"}'])
      expect(await desk.ask(wrong)).toMatchObject({ ok: false, code: 'IBS_INGEST_QUERY_INVALID' })
  })
})
