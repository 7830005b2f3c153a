import { describe, expect, it } from '@jest/globals'
import { Catalogue } from '../../../src/contract/catalogue.ts'
import type { SimContract } from '../../../src/contract/contract.ts'
import { BurstyArrivals } from '../../../src/market/model/arrivals.ts'
import { ContractModel } from '../../../src/market/model/contract-model.ts'
import { seededRandom } from '../../../src/market/model/random.ts'
import type { QuoteTick, Tick, TradeTick } from '../../../src/market/tick.ts'

const MIDDAY_US = Date.UTC(2025, 6, 30, 17) * 1000
const NIGHT_US = Date.UTC(2025, 6, 30, 4) * 1000
const OPEN_US = Date.UTC(2025, 6, 30, 13, 31) * 1000

function contract(conId: number): SimContract {
  const catalogue = new Catalogue(new Date('2025-07-30T00:00:00Z'))
  const [found] = catalogue.find({
    conId,
    symbol: '',
    secType: '',
    expiry: '',
    exchange: '',
    primaryExchange: '',
    currency: '',
    localSymbol: '',
    tradingClass: '',
  })
  if (found === undefined) throw new Error(`no contract ${conId}`)
  return found
}

function play(conId: number, seed: number, count: number, wallUs = MIDDAY_US): { ticks: Tick[]; lastUs: number } {
  const model = new ContractModel(contract(conId), { seed, rate: 1 }, 0)
  const ticks = Array.from({ length: count }, () => model.next(wallUs))
  return { ticks, lastUs: model.nextUs }
}

const quotesOf = (ticks: readonly Tick[]) => ticks.filter((tick): tick is QuoteTick => tick.kind === 'bid_ask')
const tradesOf = (ticks: readonly Tick[]) => ticks.filter((tick): tick is TradeTick => tick.kind === 'all_last')

describe('ContractModel', () => {
  it('plays the same tape for the same seed and contract, another for another', () => {
    expect(play(265598, 7, 500)).toEqual(play(265598, 7, 500))
    expect(play(265598, 7, 500).ticks).not.toEqual(play(265598, 8, 500).ticks)
    expect(play(8314, 7, 50).lastUs).not.toEqual(play(265598, 7, 50).lastUs)
  })

  it('keeps values and order when only the time of day differs', () => {
    const untimed = (ticks: Tick[]) => ticks.map((tick) => ({ ...tick, tsUs: 0 }))
    expect(untimed(play(265598, 7, 500, NIGHT_US).ticks)).toEqual(untimed(play(265598, 7, 500, MIDDAY_US).ticks))
  })

  it.each([711280073, 265598, 8314, 756733, 12087792])('quotes %d on its grid, never crossed, mostly within a few ticks', (conId) => {
    const { minTick } = contract(conId)
    const quotes = quotesOf(play(conId, 1, 20_000).ticks)
    const prices = quotes.flatMap(({ bid, ask }) => [bid, ask]).filter((price) => price !== undefined)
    const sizes = quotes.flatMap(({ bidSize, askSize }) => [bidSize, askSize]).filter((size) => size !== undefined)
    const spreads = quotes.flatMap(({ bid, ask }) => (bid === undefined || ask === undefined ? [] : [Math.round((ask - bid) / minTick)]))
    expect(prices.filter((price) => Math.abs(price / minTick - Math.round(price / minTick)) > 1e-6)).toEqual([])
    expect(Math.min(...sizes)).toBeGreaterThan(0)
    expect(Math.min(...spreads)).toBe(1)
    expect(Math.max(...spreads)).toBeLessThanOrEqual(8)
    expect(spreads.length).toBeLessThan(quotes.length)
  })

  it('trades stocks with exchanges, some unreported, some special, some in fractions, a few very large', () => {
    const trades = tradesOf(play(265598, 1, 50_000).ticks)
    expect(trades.length).toBeGreaterThan(8_000)
    expect(new Set(trades.map(({ exchange }) => exchange)).size).toBeGreaterThan(5)
    expect(trades.filter(({ unreported }) => unreported).length).toBeGreaterThan(20)
    expect(trades.filter(({ conditions }) => conditions.trim() !== '').length).toBeGreaterThan(200)
    expect(trades.filter(({ size }) => !Number.isInteger(size)).length).toBeGreaterThan(50)
    expect(Math.max(...trades.map(({ size }) => size ?? 0))).toBeGreaterThan(20_000)
  })

  it('has no trades of a currency', () => {
    expect(tradesOf(play(12087792, 1, 2_000).ticks)).toEqual([])
  })

  it('is busier at the open than at midday, and than at night', () => {
    const seconds = (wallUs: number) => play(265598, 1, 20_000, wallUs).lastUs / 1e6
    const [open, midday, night] = [seconds(OPEN_US), seconds(MIDDAY_US), seconds(NIGHT_US)]
    expect(20_000 / open).toBeGreaterThan(60)
    expect(20_000 / midday).toBeGreaterThan(20)
    expect(20_000 / midday).toBeLessThan(60)
    expect(night).toBeGreaterThan(midday)
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
