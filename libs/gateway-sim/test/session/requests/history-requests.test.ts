import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { type Contract, EventName, SecType, TickByTickDataType, WhatToShow } from '@stoqey/ib'
import { type GatewaySimOptions, startGatewaySim } from '../../../src/index.ts'
import { frame, RawClient } from '../../client/raw-client.ts'
import { StoqeyClient } from '../../client/stoqey-client.ts'

/** Wednesday, 13:00 in New York. */
const NOW = '2025-07-30T17:00:00Z'
const AAPL: Contract = { conId: 265598, exchange: 'SMART' }
const EUR: Contract = { conId: 12087792, exchange: 'IDEALPRO' }

const start = (options: GatewaySimOptions = {}) => startGatewaySim({ port: 0, clockStart: NOW, burstsPerHour: 0, ...options })

interface Asked {
  contract?: Contract
  from?: string
  to?: string
  count?: number
  what?: WhatToShow
  liquid?: boolean
}

const EVENTS = {
  '96': EventName.historicalTicks,
  '97': EventName.historicalTicksBidAsk,
  '98': EventName.historicalTicksLast,
} as const
type HistoryId = keyof typeof EVENTS

/** Comes before the answer. */
const ZONE_WARNING = 2174

interface Told {
  time: number
}

/** Asks by the library, and hears what it makes of the answer as well as the frame itself. */
class HistoryClient extends StoqeyClient {
  readonly frames: string[][] = []
  /** Ids of messages with ticks, as they came: "98 2" is history under request 2. */
  readonly order: string[] = []
  #nextId = 1

  constructor(port: number, clientId = 1) {
    super(port, clientId)
    this.ib.on(EventName.received, (tokens: string[]) => {
      const [id = '', rid] = tokens
      if (id in EVENTS) this.frames.push(tokens)
      if (id in EVENTS || id === '99') this.order.push(`${id} ${rid}`)
    })
  }

  async ask({ contract = AAPL, from = '', to = '', count = 1000, what = WhatToShow.TRADES, liquid = false }: Asked) {
    const id = this.#nextId++
    this.ib.reqHistoricalTicks(id, contract, from, to, count, what, liquid ? 1 : 0, false)
    await this.until(
      () =>
        this.frames.some(([, rid]) => rid === String(id)) ||
        this.all(EventName.error).some(([, code, rid]) => rid === id && code !== ZONE_WARNING),
      `an answer to ${id}`,
    )
    const frame = this.frames.find(([, rid]) => rid === String(id)) ?? []
    const told = this.all(EVENTS[frame[0] as HistoryId]).find(([rid]) => rid === id)
    const error = this.all(EventName.error).find(([, , rid]) => rid === id)
    return { frame, ticks: (told?.[1] ?? []) as Told[], done: told?.[2], code: error?.[1], text: String(error?.[0] ?? '') }
  }
}

const connect = async (port: number) => await new HistoryClient(port).connect()
const utc = (text: string) => Date.parse(`${text}Z`) / 1000
const times = (ticks: readonly Told[]) => ticks.map(({ time }) => time)
const isAscending = (ticks: readonly Told[]) => ticks.every(({ time }, i) => i === 0 || time >= (ticks[i - 1]?.time ?? 0))

describe('historical ticks, asked for by @stoqey/ib', () => {
  it.each([
    ['98', WhatToShow.TRADES],
    ['97', WhatToShow.BID_ASK],
    ['96', WhatToShow.MIDPOINT],
  ])('come as message %s for %s: as many as asked for and the rest of the last second', async (id, what) => {
    await using sim = await start()
    await using client = await connect(sim.port)
    const page = await client.ask({ from: '20250730-14:00:00', count: 50, what })
    expect([page.frame[0], page.done, isAscending(page.ticks)]).toEqual([id, true, true])
    expect(page.ticks.length).toBeGreaterThanOrEqual(50)
    expect(page.ticks[0]?.time).toBeGreaterThanOrEqual(utc('2025-07-30T14:00:00'))
    const last = page.ticks.at(-1)?.time ?? 0
    expect(page.ticks.filter(({ time }) => time < last).length).toBeLessThan(50)
    const stamp = new Date(last * 1000).toISOString().replaceAll('-', '').replace('T', '-').slice(0, 17)
    const next = await client.ask({ from: stamp, count: 1, what })
    expect(next.ticks).toEqual(page.ticks.filter(({ time }) => time === last))
  })

  it('ascend from an end too, and the second of the end is the last', async () => {
    await using sim = await start()
    await using client = await connect(sim.port)
    const page = await client.ask({ to: '20250730-14:00:00', count: 100, what: WhatToShow.BID_ASK })
    expect([page.ticks.length >= 100, isAscending(page.ticks)]).toEqual([true, true])
    expect(page.ticks.at(-1)?.time).toBeLessThanOrEqual(utc('2025-07-30T14:00:00'))
    expect(page.ticks.at(-1)?.time).toBeGreaterThan(utc('2025-07-30T13:59:50'))
  })

  it('are the same whether IB is asked in UTC or in the zone of the exchange', async () => {
    await using sim = await start()
    await using client = await connect(sim.port)
    const inUtc = await client.ask({ from: '20250730-14:00:00', count: 20 })
    const inNewYork = await client.ask({ from: '20250730 10:00:00 US/Eastern', count: 20 })
    expect(inNewYork.ticks).toEqual(inUtc.ticks)
    const withoutZone = await client.ask({ from: '20250730 14:00:00', count: 20 })
    expect([withoutZone.code, withoutZone.ticks]).toEqual([ZONE_WARNING, inUtc.ticks])
  })

  it('stop at the end of a session, and of the liquid hours with useRth', async () => {
    await using sim = await start({ hours: 'exchange' })
    await using client = await connect(sim.port)
    const all = await client.ask({ from: '20250729-19:59:55', count: 1000 })
    expect(Math.max(...times(all.ticks))).toBeGreaterThan(utc('2025-07-29T20:00:00'))
    const liquid = await client.ask({ from: '20250729-19:59:55', count: 1000, liquid: true })
    expect(Math.max(...times(liquid.ticks))).toBeLessThan(utc('2025-07-29T20:00:00'))
    const evening = await client.ask({ from: '20250729-23:59:00', count: 1000 })
    expect(evening.ticks.length).toBeGreaterThan(0)
    expect(Math.max(...times(evening.ticks))).toBeLessThan(utc('2025-07-30T00:00:00'))
    const overNight = await client.ask({ to: '20250730-08:00:10', count: 1000 })
    expect(Math.min(...times(overNight.ticks))).toBeGreaterThanOrEqual(utc('2025-07-30T08:00:00'))
  })

  it('begin with the liquid hours when the start lies before them and useRth is set', async () => {
    await using sim = await start({ hours: 'exchange' })
    await using client = await connect(sim.port)
    const [first] = (await client.ask({ from: '20250730-12:00:00', count: 5, liquid: true })).ticks
    expect(first?.time).toBeGreaterThanOrEqual(utc('2025-07-30T13:30:00'))
    expect(first?.time).toBeLessThan(utc('2025-07-30T13:31:00'))
  })

  it('are none where nothing was traded yet, and error 162 where IB has no such data', async () => {
    await using sim = await start()
    await using client = await connect(sim.port)
    expect(await client.ask({ from: '20250730-17:30:00' })).toMatchObject({ ticks: [], done: true, code: undefined })
    const trades = await client.ask({ contract: EUR, from: '20250730-14:00:00' })
    expect(trades).toMatchObject({ ticks: [], code: 162, text: expect.stringContaining('HMDS query returned no data: EUR.USD@IDEALPRO') })
    expect((await client.ask({ contract: EUR, from: '20250730-14:00:00', what: WhatToShow.MIDPOINT, count: 5 })).code).toBe(undefined)
  })

  it.each([
    ['too many', { from: '20250730-14:00:00', count: 1001 }, 321],
    ['none', { from: '20250730-14:00:00', count: 0 }, 321],
    ['no time', {}, 321],
    ['two times', { from: '20250730-14:00:00', to: '20250730-15:00:00' }, 321],
    ['another kind', { from: '20250730-14:00:00', what: WhatToShow.ADJUSTED_LAST }, 321],
    ['an hour that is none', { from: '20250228-25:00:00' }, 10314],
    ['a day that is none', { from: '20250230-10:00:00' }, 10314],
    ['the hour 24', { from: '20250228-24:00:00' }, 10314],
    ['a zone that is none', { from: '20250730 14:00:00 Mars/Base' }, 10314],
    ['an unknown contract', { from: '20250730-14:00:00', contract: { conId: 42 } }, 200],
  ] satisfies [string, Asked, number][])('are refused for %s', async (_, asked, code) => {
    await using sim = await start()
    await using client = await connect(sim.port)
    expect(await client.ask(asked)).toMatchObject({ ticks: [], code })
  })

  it('are refused with 162 to who asks too fast: the same again within 15 s, the sixth of a contract within 2 s, quotes counting twice', async () => {
    await using sim = await start()
    await using client = await connect(sim.port)
    const at = (second: number) => `20250730-14:00:${String(second).padStart(2, '0')}`
    await client.ask({ from: at(0), count: 1 })
    expect(await client.ask({ from: at(0), count: 1 })).toMatchObject({ code: 162, text: expect.stringContaining('pacing violation') })
    for (const second of [1, 2, 3, 4]) expect((await client.ask({ from: at(second), count: 1 })).code).toBe(undefined)
    expect((await client.ask({ from: at(5), count: 1 })).code).toBe(162)
    const quotes = { count: 1, what: WhatToShow.BID_ASK }
    for (const second of [1, 2]) expect((await client.ask({ from: at(second), ...quotes })).code).toBe(undefined)
    expect((await client.ask({ from: at(3), ...quotes })).code).toBe(162)
  })
})

describe('the flags of historical ticks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-history-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const FIRST_US = 1_753_884_000_000_000
  const quote = { tt: 'bid_ask', bp: 10, bs: 1, ap: 10.01, as: 2 }
  const trade = { tt: 'all_last', p: 10, s: 1, ex: 'Q' }
  const ticks = [
    { ...quote, bpl: true },
    { ...quote, aph: true },
    { ...trade, pl: true },
    { ...trade, upt: true },
    { ...trade, sc: ' TI' },
  ]

  it('have the bits of IB: in 97 the first is askPastHigh, in 99 bidPastLow; unreported trades are live only', async () => {
    const replay = join(folder, 'flags.jsonl')
    const lines = ticks.map((tick, i) => ({ ts: FIRST_US, st: FIRST_US + i + 1, cid: 8314, rid: 0, ...tick }))
    writeFileSync(replay, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    await using sim = await startGatewaySim({ port: 0, replay, speed: 'max', keepTimes: true, startAfter: 2 })
    await using client = await connect(sim.port)
    client.subscribe(901, 8314, TickByTickDataType.BidAsk)
    client.subscribe(902, 8314, TickByTickDataType.AllLast)
    await client.until(() => client.tickFrames.length === 5, 'the five live ticks')
    const quotes = await client.ask({ contract: { conId: 8314 }, from: '20250730-14:00:00', what: WhatToShow.BID_ASK })
    const trades = await client.ask({ contract: { conId: 8314 }, from: '20250730-14:00:00', what: WhatToShow.TRADES })
    // 97: id, reqId, n, then time, mask, bid, ask, bid size, ask size each, and done
    expect(quotes.frame.slice(2)).toEqual([
      '2',
      '1753884000',
      '2',
      '10',
      '10.01',
      '1',
      '2',
      '1753884000',
      '1',
      '10',
      '10.01',
      '1',
      '2',
      '1',
    ])
    // 98: id, reqId, n, then time, mask, price, size, exchange, conditions each, and done
    expect(trades.frame.slice(2)).toEqual(['2', '1753884000', '1', '10', '1', 'Q', '', '1753884000', '0', '10', '1', 'Q', ' TI', '1'])
    const live = client.tickFrames.map((fields) => (fields[2] === '3' ? fields[8] : fields[6]))
    expect(live).toEqual(['1', '2', '1', '2', '0'])
    // The library reads 97 in the order of 99, so what it calls bidPastLow is IB's askPastHigh: ingest reads the frame.
    expect(quotes.ticks).toMatchObject([{ tickAttribBidAsk: { askPastHigh: true } }, { tickAttribBidAsk: { bidPastLow: true } }])
    expect(trades.ticks).toMatchObject([{ tickAttribLast: { pastLimit: true } }, { tickAttribLast: { pastLimit: false } }])
  })

  it('numberOfTicks: with the first subscription too, the past and the stream together are the tape', async () => {
    await using sim = await start({ rate: 20, clockRate: 20 })
    await using client = await connect(sim.port)
    client.ib.reqTickByTickData(1, AAPL, TickByTickDataType.AllLast, 30, false)
    const secondsOf = () => {
      const [past = []] = client.frames
      // 98: id, reqId, n, then time, mask, price, size, exchange, conditions each, and done
      return [...past.slice(3, -1).filter((_, i) => i % 6 === 0), ...client.tickFrames.map((fields) => fields[3])].map(Number)
    }
    await client.until(
      () => (secondsOf().at(-1) ?? 0) > (client.tickFrames.length > 0 ? Number(client.tickFrames[0]?.[3]) + 4 : Infinity),
      'some seconds',
    )
    const [from = 0, to = 0] = [secondsOf()[0], secondsOf().at(-1)]
    const tape = await sim.tape({ conId: 265598, kind: 'all_last', startUs: from * 1e6, endUs: to * 1e6 })
    expect(secondsOf().filter((second) => second < to)).toEqual(tape.map(({ tsUs }) => tsUs / 1e6))
  })

  it('numberOfTicks: nothing comes under an id that was cancelled before its past was told', async () => {
    await using sim = await start({ rate: 20 })
    using client = await RawClient.started(sim.port, 1)
    const contract = ['265598', '', '', '', '', '', '', 'SMART', '', '', '', '']
    client.socket.write(Buffer.concat([frame(['97', '7', ...contract, 'Last', '30', '0']), frame(['98', '7'])]))
    client.send('96', '8', ...contract, '0', '20250730-14:00:00', '', '1000', 'TRADES', '0', '0', '')
    await client.until(() => client.frames().some(([id, rid]) => id === '98' && rid === '8'), 'the history of another request')
    expect(client.frames().filter(([id, rid]) => ['98', '99'].includes(id ?? '') && rid === '7')).toEqual([])
    expect(sim.stats().subscriptions).toBe(0)
  })

  it('numberOfTicks: the past comes first under the same id, and the stream goes on where it ends', async () => {
    await using sim = await start({ rate: 20 })
    await using client = await connect(sim.port)
    client.subscribe(1, 265598, TickByTickDataType.AllLast)
    await client.until(() => client.tickFrames.length >= 20, 'a market that moves')
    client.ib.reqTickByTickData(
      2,
      { symbol: 'AAPL', secType: SecType.STK, exchange: 'SMART', currency: 'USD' },
      TickByTickDataType.Last,
      30,
      false,
    )
    const ofSecond = () => client.order.filter((message) => message.endsWith(' 2'))
    await client.until(() => ofSecond().length > 10, 'the past and the stream')
    expect(ofSecond().slice(0, 3)).toEqual(['98 2', '99 2', '99 2'])
    const [past] = client.frames
    expect(Number(past?.[2])).toBeGreaterThanOrEqual(30)
    const stream = client.tickFrames.filter(([, id]) => id === '2')
    expect(Number(stream[0]?.[3])).toBeGreaterThanOrEqual(Number(past?.at(-7)))
  })
})
