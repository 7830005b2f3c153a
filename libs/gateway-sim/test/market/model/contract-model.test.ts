import { describe, expect, it } from '@jest/globals'
import { Catalogue } from '../../../src/contract/catalogue.ts'
import type { SimContract } from '../../../src/contract/contract.ts'
import { MarketEvents } from '../../../src/market/market-events.ts'
import { BurstyArrivals } from '../../../src/market/model/arrivals.ts'
import { ContractModel, type ModelSettings } from '../../../src/market/model/contract-model.ts'
import type { QuoteTick, Tick, TradeTick } from '../../../src/market/tick.ts'
import { seededRandom } from '../../../src/random.ts'

const secondOf = (iso: string) => Date.parse(iso) / 1000
const MIDDAY = secondOf('2025-07-30T17:00:00Z')
const NIGHT = secondOf('2025-07-30T04:00:00Z')
const OPEN = secondOf('2025-07-30T13:30:00Z')
const CLOSE = secondOf('2025-07-30T20:00:00Z')

const SETTINGS: ModelSettings = { seed: 1, rate: 1, hours: 'always', haltsPerDay: 0, burstsPerHour: 0 }

const catalogue = new Catalogue(new Date('2025-07-30T00:00:00Z'))

function contract(conId: number): SimContract {
  const found = catalogue.byConId(conId)
  if (found === undefined) throw new Error(`no contract ${conId}`)
  return found
}

function modelOf(conId: number, settings: Partial<ModelSettings> = {}, events = new MarketEvents(() => 0)): ContractModel {
  return new ContractModel(contract(conId), { ...SETTINGS, ...settings }, events)
}

function play(model: ContractModel, second: number, seconds: number): { us: number; tick: Tick }[] {
  const found: { us: number; tick: Tick }[] = []
  for (let i = second; i < second + seconds; i++) {
    for (const streams = model.second(i); streams.nextUs !== Number.POSITIVE_INFINITY; )
      found.push({ us: streams.nextUs, tick: streams.take() })
  }
  return found
}

const ticksOf = (conId: number, second = MIDDAY, seconds = 300, settings: Partial<ModelSettings> = {}) =>
  play(modelOf(conId, settings), second, seconds).map(({ tick }) => tick)
const quotesOf = (ticks: readonly Tick[]) => ticks.filter((tick): tick is QuoteTick => tick.kind === 'bid_ask')
const tradesOf = (ticks: readonly Tick[]) => ticks.filter((tick): tick is TradeTick => tick.kind === 'all_last')

describe('ContractModel', () => {
  it('ends a future with its last trade where hours are kept, 08:30 in Chicago on its third Friday', () => {
    const ticksAt = (iso: string) => ticksOf(711280073, secondOf(iso), 30, { hours: 'exchange' }).length
    expect(ticksAt('2025-09-19T13:29:00Z')).toBeGreaterThan(0)
    for (const iso of ['2025-09-19T13:30:00Z', '2025-09-19T15:00:00Z', '2025-09-22T15:00:00Z']) expect(ticksAt(iso)).toBe(0)
  })

  it('plays the same for the same seed and contract, another for another', () => {
    expect(ticksOf(265598, MIDDAY, 10)).toEqual(ticksOf(265598, MIDDAY, 10))
    expect(ticksOf(265598, MIDDAY, 10)).not.toEqual(ticksOf(265598, MIDDAY, 10, { seed: 2 }))
    expect(ticksOf(265598, MIDDAY, 10)).not.toEqual(ticksOf(265598, MIDDAY + 10, 10))
  })

  it('makes any second by itself: the one that came after others is the same alone', () => {
    const [whole, alone] = [modelOf(711280073), modelOf(711280073)]
    const inTurn = play(whole, MIDDAY, 30).filter(({ us }) => us >= (MIDDAY + 29) * 1e6)
    expect(inTurn).toEqual(play(alone, MIDDAY + 29, 1))
    expect(inTurn.length).toBeGreaterThan(5)
  })

  it('is in order, and stamps whole seconds', () => {
    const played = play(modelOf(265598), MIDDAY, 60)
    expect(played.every(({ us }, i) => i === 0 || us >= (played[i - 1]?.us ?? 0))).toBe(true)
    expect(played.every(({ us, tick }) => tick.tsUs === Math.floor(us / 1e6) * 1e6)).toBe(true)
  })

  it.each([711280073, 265598, 8314, 756733, 12087792])('quotes %d on its grid, never crossed, mostly within a few ticks', (conId) => {
    const { minTick } = contract(conId)
    const quotes = quotesOf(ticksOf(conId, MIDDAY, 600))
    const given = (value: number | undefined) => value !== undefined && value !== -1
    const prices = quotes.flatMap(({ bid, ask }) => [bid, ask]).filter((price) => price !== undefined && price !== -1) as number[]
    const whole = quotes.filter(({ bid, ask }) => given(bid) && given(ask))
    const spreads = whole.map(({ bid = 0, ask = 0 }) => Math.round((ask - bid) / minTick))
    expect(prices.filter((price) => Math.abs(price / minTick - Math.round(price / minTick)) > 1e-6)).toEqual([])
    expect(Math.min(...whole.flatMap(({ bidSize, askSize }) => [bidSize ?? 0, askSize ?? 0]))).toBeGreaterThan(0)
    expect(Math.min(...spreads)).toBe(1)
    expect(Math.max(...spreads)).toBeLessThanOrEqual(8)
    expect(quotes.some(({ bid, ask }) => bid === undefined || ask === undefined)).toBe(true)
    expect(quotes.some(({ bid, bidSize, ask, askSize }) => (bid === -1 && bidSize === 0) || (ask === -1 && askSize === 0))).toBe(true)
  })

  it.each([711280073, 265598, 8314])(
    'flags a few quotes of %d as past the low or the high of the day, and none whose side is missing',
    (conId) => {
      const quotes = quotesOf(ticksOf(conId))
      for (const flagged of [quotes.filter(({ bidPastLow }) => bidPastLow), quotes.filter(({ askPastHigh }) => askPastHigh)]) {
        expect(flagged.length).toBeGreaterThan(quotes.length / 500)
        expect(flagged.length).toBeLessThan(quotes.length / 10)
      }
      for (const { bid, ask, bidPastLow, askPastHigh } of quotes)
        expect([bidPastLow && !((bid ?? -1) > 0), askPastHigh && !((ask ?? -1) > 0)]).toEqual([false, false])
    },
  )

  it('moves little from one second to the next, and stays near its price for years', () => {
    const mid = (second: number) => quotesOf(ticksOf(265598, second, 2)).find(({ bid, ask }) => bid && ask && bid > 0 && ask > 0)?.bid ?? 0
    const years = Array.from({ length: 40 }, (_, i) => mid(MIDDAY + i * 10_000_000))
    for (const price of years) expect(Math.abs(price / 229.35 - 1)).toBeLessThan(0.2)
    expect(new Set(years).size).toBeGreaterThan(30)
    for (let i = 0; i < 100; i++) expect(Math.abs(mid(MIDDAY + 2 * i) - mid(MIDDAY + 2 * i + 2))).toBeLessThan(0.2)
  })

  it('trades stocks with exchanges, some unreported, some special, some in fractions, a few very large', () => {
    const trades = tradesOf(ticksOf(265598, MIDDAY, 1500))
    expect(trades.length).toBeGreaterThan(6_000)
    expect(new Set(trades.map(({ exchange }) => exchange)).size).toBeGreaterThan(5)
    expect(trades.filter(({ unreported }) => unreported).length).toBeGreaterThan(20)
    expect(trades.filter(({ conditions }) => conditions.trim() !== '').length).toBeGreaterThan(200)
    expect(trades.filter(({ size }) => !Number.isInteger(size)).length).toBeGreaterThan(50)
    expect(Math.max(...trades.map(({ size }) => size ?? 0))).toBeGreaterThan(20_000)
  })

  it('has no trades of a currency', () => {
    expect(tradesOf(ticksOf(12087792, MIDDAY, 60))).toEqual([])
  })

  it('is busier at the open than at midday, and than at night', () => {
    const perSecond = (second: number) => ticksOf(265598, second, 300).length / 300
    expect(perSecond(OPEN)).toBeGreaterThan(60)
    expect(perSecond(MIDDAY)).toBeGreaterThan(20)
    expect(perSecond(MIDDAY)).toBeLessThan(60)
    expect(perSecond(NIGHT)).toBeLessThan(perSecond(MIDDAY))
  })

  it.each([
    [265598, '2025-07-30T07:59:59Z', '2025-07-30T08:00:00Z'],
    [711280073, '2025-07-30T21:59:59Z', '2025-07-30T22:00:00Z'], // the daily break
    [711280073, '2025-08-03T21:59:59Z', '2025-08-03T22:00:00Z'], // Sunday evening
    [265598, '2025-07-04T15:00:00Z', '2025-07-07T15:00:00Z'], // a holiday
    [14016519, '2025-07-30T02:45:00Z', '2025-07-30T03:30:00Z'], // lunch in Tokyo
  ])('keeps hours when told to: %d is closed at %s, open at %s', (conId, closed, open) => {
    expect(ticksOf(conId, secondOf(closed), 1, { hours: 'exchange' })).toEqual([])
    expect(ticksOf(conId, secondOf(open), 5, { hours: 'exchange' }).length).toBeGreaterThan(0)
    expect(ticksOf(conId, secondOf(closed), 5).length).toBeGreaterThan(0)
  })

  it('prints the auctions of a share as its liquid hours begin and end', () => {
    const auctions = (second: number) =>
      tradesOf(ticksOf(265598, second, 1)).filter(({ conditions }) => ['O   ', '6   '].includes(conditions))
    expect(auctions(OPEN)).toMatchObject([{ conditions: 'O   ' }])
    expect(auctions(CLOSE - 1)).toMatchObject([{ conditions: '6   ' }])
    expect(auctions(CLOSE)).toEqual([])
  })

  it('halts on order: 0 for 0 past limit, silence, and again 0 for 0; before it nothing changes', () => {
    const events = new MarketEvents(() => 0)
    const before = play(modelOf(265598), MIDDAY, 10)
    const resume = events.halt(265598, (MIDDAY + 3) * 1e6 + 250_000)
    const halted = play(modelOf(265598, {}, events), MIDDAY, 10)
    expect(halted.slice(0, -1)).toEqual(before.filter(({ us }) => us < (MIDDAY + 3) * 1e6 + 250_001))
    expect(halted.at(-1)?.tick).toMatchObject({ kind: 'all_last', price: 0, size: 0, pastLimit: true })
    resume((MIDDAY + 7) * 1e6)
    const resumed = play(modelOf(265598, {}, events), MIDDAY, 10)
    expect(resumed.slice(0, halted.length)).toEqual(halted)
    expect(resumed[halted.length]).toMatchObject({ us: (MIDDAY + 7) * 1e6 + 1, tick: { price: 0, pastLimit: true } })
    expect(resumed.slice(halted.length + 1)).toEqual(before.filter(({ us }) => us > (MIDDAY + 7) * 1e6))
  })

  it('has halts of its own when told to, at the same times in each playing', () => {
    const halts = (conId: number) =>
      tradesOf(ticksOf(conId, OPEN, 6.5 * 3600, { haltsPerDay: 20, rate: 0.01 })).filter(({ pastLimit }) => pastLimit)
    expect(halts(265598).length).toBeGreaterThanOrEqual(1)
    expect(halts(265598)).toEqual(halts(265598))
    expect(halts(265598)).not.toEqual(halts(8314))
  })

  it('has exactly as many ticks more as a burst was ordered with, over the border of two seconds too', () => {
    const events = new MarketEvents(() => 0)
    const before = play(modelOf(265598), MIDDAY, 4)
    events.burst(265598, { startUs: (MIDDAY + 1) * 1e6 + 700_000, lengthUs: 700_000, ticks: 12_345 })
    const burst = play(modelOf(265598, {}, events), MIDDAY, 4)
    expect(burst.length).toBe(before.length + 12_345)
    expect(burst.filter(({ us }) => us < (MIDDAY + 1) * 1e6)).toEqual(before.filter(({ us }) => us < (MIDDAY + 1) * 1e6))
  })

  it('has bursts of thousands in a second of its own', () => {
    const model = modelOf(265598, { burstsPerHour: 1, rate: 0.01 })
    const counts = Array.from({ length: 3600 }, (_, i) => play(model, MIDDAY + i, 1).length)
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(1000)
    expect(counts.filter((count) => count > 100)).toHaveLength(1)
  })
})

describe('BurstyArrivals', () => {
  it('comes in bursts around a mean gap of 1', () => {
    const arrivals = new BurstyArrivals(seededRandom(1, 1))
    const gaps = Array.from({ length: 100_000 }, () => arrivals.nextGap())
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    expect(mean).toBeGreaterThan(0.9)
    expect(mean).toBeLessThan(1.1)
    // A Poisson process has exactly 1.
    expect(variance / mean ** 2).toBeGreaterThan(1.2)
  })
})
