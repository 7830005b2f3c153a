import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { EventName, SecType, TickByTickDataType } from '@stoqey/ib'
import { type GatewaySimOptions, startGatewaySim } from '../src/index.ts'
import { StoqeyClient } from './client/stoqey-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-'))
afterAll(() => rmSync(folder, { recursive: true }))

const start = (options: GatewaySimOptions = {}) => startGatewaySim({ port: 0, ...options })
const { BidAsk: BID_ASK, Last: LAST, AllLast: ALL_LAST, MidPoint: MID_POINT } = TickByTickDataType

describe('a session of @stoqey/ib', () => {
  it('gets accounts, the next id, farm notices and the time', async () => {
    await using sim = await start({ accounts: ['DU1', 'DU2'] })
    await using client = await new StoqeyClient(sim.port).connect()
    expect(client.all(EventName.server)[0]?.[0]).toBe(193)
    expect(client.all(EventName.managedAccounts)).toEqual([['DU1,DU2']])
    expect(client.all(EventName.nextValidId)).toEqual([[1]])
    expect(client.all(EventName.info).map(([, code]) => code)).toEqual([2104, 2104, 2104, 2106, 2158])
    client.ib.reqCurrentTime()
    const [seconds] = await client.next(EventName.currentTime)
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(5)
    expect(client.all(EventName.error)).toEqual([])
  })

  it('is refused with 326 while its client id is in use', async () => {
    await using sim = await start()
    await using first = await new StoqeyClient(sim.port, 9).connect()
    await using second = new StoqeyClient(sim.port, 9)
    second.ib.connect()
    await second.next(EventName.disconnected)
    expect(second.all(EventName.info).map(([, code]) => code)).toEqual([326])
    expect(second.all(EventName.nextValidId)).toEqual([])
    expect(first.ib.isConnected).toBe(true)
  })
})

describe('contract details', () => {
  it.each([176, 180, 181, 182, 185, 186, 193])('decode at server version %d', async (maxVersion) => {
    await using sim = await start({ maxVersion })
    await using client = await new StoqeyClient(sim.port).connect()
    const [future] = await client.contractDetails(1, { conId: 711280073 })
    const [share] = await client.contractDetails(2, { symbol: 'AAPL', secType: SecType.STK, exchange: 'SMART', currency: 'USD' })
    const [currency] = await client.contractDetails(3, { symbol: 'EUR', secType: SecType.CASH, currency: 'USD' })
    expect(future).toMatchObject({
      contract: { conId: 711280073, symbol: 'MNQ', secType: 'FUT', exchange: 'CME', currency: 'USD', multiplier: 2 },
      minTick: 0.25,
      timeZoneId: 'US/Central',
      underSecType: 'IND',
      aggGroup: 2147483647,
      minSize: 1,
    })
    // stoqey splits this field at the literal text "\\s+", so time and zone stay on it.
    expect(future?.contract.lastTradeDateOrContractMonth).toBe(`${future?.realExpirationDate} 08:30 US/Central`)
    expect(future?.contract.lastTradeDate).toBe(maxVersion >= 182 ? future?.realExpirationDate : undefined)
    expect(future?.tradingHours).toMatch(/\d{8}:1700-\d{8}:1600;/)
    expect(share).toMatchObject({
      contract: { conId: 265598, primaryExch: 'NASDAQ', tradingClass: 'NMS' },
      minTick: 0.01,
      stockType: 'COMMON',
      secIdList: [{ tag: 'ISIN', value: 'US0378331005' }],
      suggestedSizeIncrement: 100,
    })
    expect(share?.liquidHours).toMatch(/\d{8}:0930-\d{8}:1600/)
    expect(currency).toMatchObject({ contract: { conId: 12087792, localSymbol: 'EUR.USD', exchange: 'IDEALPRO' }, minTick: 0.00005 })
    expect(share?.ineligibilityReasonList).toEqual(maxVersion >= 186 ? [] : undefined)
    expect(client.all(EventName.error)).toEqual([])
  })

  it('of an unknown contract are error 200 and no end', async () => {
    await using sim = await start()
    await using client = await new StoqeyClient(sim.port).connect()
    client.ib.reqContractDetails(4, { conId: 42 })
    const [error, code, requestId] = await client.next(EventName.error)
    expect([code, requestId]).toEqual([200, 4])
    expect(String(error)).toContain('No security definition has been found for the request')
    expect(client.all(EventName.contractDetailsEnd)).toEqual([])
  })
})

describe('tick-by-tick data of the model', () => {
  it.each([
    [LAST, EventName.tickByTickAllLast, 11],
    [ALL_LAST, EventName.tickByTickAllLast, 12],
    [BID_ASK, EventName.tickByTickBidAsk, 13],
    [MID_POINT, EventName.tickByTickMidPoint, 14],
  ])('%s arrives under its request id', async (kind, event, requestId) => {
    await using sim = await start({ rate: 20 })
    await using client = await new StoqeyClient(sim.port).connect()
    client.subscribe(requestId, 265598, kind)
    await client.until(() => client.all(event).length >= 20, '20 ticks')
    const ticks = client.all(event)
    expect(new Set(ticks.map(([id]) => id))).toEqual(new Set([requestId]))
    for (const tick of ticks) {
      const [, second, price] = event === EventName.tickByTickAllLast ? [tick[0], tick[2], tick[3]] : tick
      expect(second).toMatch(/^\d{10}$/)
      expect(Math.abs(Number(second) - Date.now() / 1000)).toBeLessThan(10)
      expect(price === 0 || (Number(price) > 100 && Number(price) < 500)).toBe(true)
    }
    if (event === EventName.tickByTickAllLast) expect(new Set(ticks.map(([, type]) => type))).toEqual(new Set([kind === LAST ? 1 : 2]))
  })

  it('stops for a cancelled request and goes on for the others', async () => {
    await using sim = await start({ rate: 20 })
    await using client = await new StoqeyClient(sim.port).connect()
    client.subscribe(1, 265598, BID_ASK)
    client.subscribe(2, 8314, BID_ASK)
    const of = (requestId: number) => client.all(EventName.tickByTickBidAsk).filter(([id]) => id === requestId)
    await client.until(() => of(1).length > 5 && of(2).length > 5, 'both')
    client.ib.cancelTickByTickData(1)
    client.ib.reqCurrentTime()
    await client.next(EventName.currentTime)
    const cancelledAt = of(1).length
    const others = of(2).length
    await client.until(() => of(2).length > others + 20, 'the other')
    expect(of(1)).toHaveLength(cancelledAt)
    expect(sim.stats().subscriptions).toBe(1)
  })

  it('begins with the subscription that the tape waits for: nothing of the time before it is made up', async () => {
    await using sim = await start({ startAfter: 2, rate: 20, clockStart: '2025-07-30T17:00:00Z', clockRate: 20 })
    await using client = await new StoqeyClient(sim.port).connect()
    client.subscribe(1, 265598, BID_ASK)
    const nowSeconds = () => Date.parse(sim.stats().clock) / 1000
    for (const due = nowSeconds() + 4; nowSeconds() < due; ) await new Promise((resolve) => setTimeout(resolve, 10))
    const startedAfter = Math.floor(nowSeconds())
    client.subscribe(2, 8314, BID_ASK)
    await client.until(() => client.tickFrames.some(([, id]) => id === '1'), 'a tick of the first')
    expect(Number(client.tickFrames.find(([, id]) => id === '1')?.[3])).toBeGreaterThanOrEqual(startedAfter)
  })

  it('is refused for a standing request id (102) and an unknown contract (200)', async () => {
    await using sim = await start()
    await using client = await new StoqeyClient(sim.port).connect()
    client.subscribe(1, 265598, BID_ASK)
    client.subscribe(1, 265598, LAST)
    client.subscribe(2, 42, LAST)
    await client.until(() => client.all(EventName.error).length === 2, 'two errors')
    expect(client.all(EventName.error).map(([, code, id]) => [id, code])).toEqual([
      [1, 102],
      [2, 200],
    ])
  })

  it('is the same for the same seed and time', async () => {
    const hear = async () => {
      await using sim = await start({ seed: 42, rate: 20, clockStart: '2025-07-30T17:00:00Z' })
      await using client = await new StoqeyClient(sim.port).connect()
      client.subscribe(1, 711280073, BID_ASK)
      // Where the first second was joined differs from run to run.
      const ofSecond = () => client.tickFrames.filter(([, , , second]) => second === '1753894802').map((fields) => fields.slice(4))
      await client.until(() => client.tickFrames.some(([, , , second]) => Number(second) > 1753894802), 'three seconds')
      return ofSecond()
    }
    const heard = await hear()
    expect(heard.length).toBeGreaterThan(50)
    expect(await hear()).toEqual(heard)
  })
})

describe('a replay', () => {
  const path = join(folder, 'small.jsonl')
  const lines = Array.from({ length: 3000 }, (_, i) => recorded(i))
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))

  it('gives exactly the ticks of the file in order, and the truth is what the client received', async () => {
    const truth = join(folder, 'truth.jsonl')
    const sim = await start({ replay: path, speed: 'max', keepTimes: true, startAfter: 4, truth })
    await using client = await new StoqeyClient(sim.port).connect()
    client.subscribe(101, 8314, BID_ASK)
    client.subscribe(102, 8314, ALL_LAST)
    client.subscribe(103, 8314, LAST)
    client.subscribe(104, 42, MID_POINT)
    await client.until(() => client.tickFrames.length >= expected().length, 'all ticks')
    expect(client.tickFrames.map(tickOf)).toEqual(expected())
    expect(sim.stats()).toMatchObject({ tape: 'ended', ticks: expected().length })
    expect(client.ib.isConnected).toBe(true)
    await sim.close()
    expect(readFileSync(truth, 'utf8')).toBe(
      expected()
        .map((tick) => `${JSON.stringify(tick).replace(/("rid":\d+)/, '$1,"client":1')}\n`)
        .join(''),
    )
  })

  it('ends now: the last stamp is the second of the start, the others keep their distance', async () => {
    await using sim = await start({ replay: path, speed: 'max', startAfter: 1 })
    await using client = await new StoqeyClient(sim.port).connect()
    const before = Math.floor(Date.now() / 1000)
    client.subscribe(101, 8314, BID_ASK)
    const quotes = lines.filter(({ tt }) => tt === 'bid_ask')
    await client.until(() => client.tickFrames.length >= quotes.length, 'all quotes')
    const seconds = client.tickFrames.map(([, , , second]) => Number(second))
    const end = (seconds[0] ?? 0) + ((lines.at(-1)?.ts ?? 0) - (quotes[0]?.ts ?? 0)) / 1e6
    expect(end).toBeGreaterThanOrEqual(before)
    expect(end).toBeLessThanOrEqual(Date.now() / 1000)
    expect(seconds.map((second) => second - (seconds[0] ?? 0))).toEqual(quotes.map(({ ts }) => (ts - (quotes[0]?.ts ?? 0)) / 1e6))
  })

  it('the truth tells two clients with one request id apart', async () => {
    const truth = join(folder, 'two-clients.jsonl')
    const sim = await start({ replay: path, speed: 'max', startAfter: 2, repeatSeconds: 0, truth })
    await using first = await new StoqeyClient(sim.port, 1).connect()
    await using second = await new StoqeyClient(sim.port, 2).connect()
    first.subscribe(7, 8314, BID_ASK)
    second.subscribe(7, 42, MID_POINT)
    await sim.tapeDone
    await sim.close()
    const sent = readFileSync(truth, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(new Set(sent.map(({ client, rid, cid }) => `${client} ${rid} ${cid}`))).toEqual(new Set(['1 7 8314', '2 7 42']))
  })

  it('regression: AllLast of a recording that has only Last was silent', async () => {
    const lasts = join(folder, 'lasts.jsonl')
    const trades = Array.from({ length: 50 }, (_, i) => ({ ...recorded(0), tt: 'last', p: 180, s: i + 1 }))
    writeFileSync(lasts, trades.map((line) => `${JSON.stringify(line)}\n`).join(''))
    await using sim = await start({ replay: lasts, speed: 'max', startAfter: 2 })
    await using client = await new StoqeyClient(sim.port).connect()
    client.subscribe(101, 8314, LAST)
    client.subscribe(102, 8314, ALL_LAST)
    await client.until(() => sim.stats().tape === 'ended' && client.tickFrames.length >= sim.stats().ticks, 'all ticks')
    const sizes = (type: string) => client.tickFrames.flatMap((fields) => (fields[2] === type ? [Number(fields[5])] : []))
    expect(sizes('1')).toEqual(trades.map(({ s }) => s))
    expect(sizes('2')).toEqual(trades.map(({ s }) => s))
  })

  it('has details for a contract that only the file knows', async () => {
    await using sim = await start({ replay: path })
    await using client = await new StoqeyClient(sim.port).connect()
    expect(await client.contractDetails(1, { conId: 42 })).toMatchObject([{ contract: { symbol: 'C42', secType: 'STK' } }])
  })

  it('keeps to the reader: two clients that read late lose nothing', async () => {
    const large = join(folder, 'large.jsonl')
    const quotes = Array.from({ length: 60_000 }, (_, i) => ({ ...recorded(0), s: i + 1, tt: 'all_last' }))
    writeFileSync(large, quotes.map((line) => `${JSON.stringify(line)}\n`).join(''))
    await using sim = await start({ replay: large, speed: 'max', startAfter: 2, repeatSeconds: 0, slowClientBytes: 512 * 1024 })
    await using first = await new StoqeyClient(sim.port, 1).connect()
    await using second = await new StoqeyClient(sim.port, 2).connect()
    for (const client of [first, second]) client.subscribe(1, 8314, ALL_LAST)
    for (const client of [first, second]) {
      await client.until(() => client.tickFrames.length === quotes.length, 'all ticks')
      expect(client.tickFrames.map((fields) => Number(fields[5]))).toEqual(quotes.map(({ s }) => s))
    }
  })

  /** What subscriptions 101 to 104 must get of the file: quotes, trades, trades that were reported, mid points of 42. */
  function expected(): object[] {
    return lines.flatMap(({ st: _st, rid: _rid, ts, cid, tt, ...rest }) => {
      if (tt === 'mid_point') return [{ ts, cid, tt, rid: 104, ...rest }]
      if (tt === 'bid_ask') return [{ ts, cid, tt, rid: 101, ...rest }]
      const all = { ts, cid, tt, rid: 102, ...rest }
      return rest.upt === true ? [all] : [all, { ...all, tt: 'last', rid: 103 }]
    })
  }
})

/** A line of the small file: quotes (some one-sided), trades (some unreported) of 8314, mid points of 42. */
function recorded(
  i: number,
): { ts: number; st: number; cid: number; tt: string; rid: number; [key: string]: unknown } & Record<string, unknown> {
  const st = 1_381_132_800_241_000 + i * 7_000
  const head = { ts: Math.floor(st / 1e6) * 1e6, st, cid: 8314, tt: 'bid_ask', rid: 0 }
  if (i % 10 === 3) return { ...head, cid: 42, tt: 'mid_point', mp: 10 + i / 100 }
  if (i % 4 === 1)
    return {
      ...head,
      tt: 'all_last',
      p: 180 + i / 100,
      s: i % 8 === 1 ? 0.5 : 100,
      ex: 'P',
      ...(i % 3 === 0 && { sc: '2000' }),
      ...(i % 5 === 0 && { upt: true }),
    }
  if (i % 50 === 2) return { ...head, ap: 181.5, as: 3 }
  return { ...head, bp: 180 + i / 100, bs: i, ap: 180.02 + i / 100, as: 0, ...(i % 9 === 0 && { bpl: true }) }
}

/** A frame 99 as a v3 tick: written from the protocol's table, not from the simulator. */
function tickOf(fields: readonly string[]): object {
  const [, rid, type, second, ...rest] = fields
  const number = (key: string, text: string | undefined) => (text === '' || text === undefined ? {} : { [key]: Number(text) })
  const text = (key: string, value: string | undefined) => (value === '' || value === undefined ? {} : { [key]: value })
  const flag = (key: string, bit: number, mask: string | undefined) => ((Number(mask) & bit) === 0 ? {} : { [key]: true })
  const head = (cid: number, tt: string) => ({ ts: Number(second) * 1e6, cid, tt, rid: Number(rid) })
  const [a, b, c, d, e] = rest
  if (type === '4') return { ...head(42, 'mid_point'), ...number('mp', a) }
  if (type === '3') {
    const sides = { ...number('bp', a), ...number('bs', c), ...number('ap', b), ...number('as', d) }
    return { ...head(8314, 'bid_ask'), ...sides, ...flag('bpl', 1, e), ...flag('aph', 2, e) }
  }
  const trade = { ...number('p', a), ...number('s', b), ...text('ex', d), ...text('sc', e), ...flag('upt', 2, c), ...flag('pl', 1, c) }
  return { ...head(8314, type === '1' ? 'last' : 'all_last'), ...trade }
}
