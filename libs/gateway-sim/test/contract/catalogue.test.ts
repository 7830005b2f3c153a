import { describe, expect, it } from '@jest/globals'
import { Catalogue } from '../../src/contract/catalogue.ts'
import type { ContractQuery } from '../../src/wire/request.ts'

const NOTHING: ContractQuery = {
  conId: undefined,
  symbol: '',
  secType: '',
  expiry: '',
  exchange: '',
  primaryExchange: '',
  currency: '',
  localSymbol: '',
  tradingClass: '',
  strike: undefined,
  right: '',
  multiplier: '',
}

const catalogue = new Catalogue(new Date('2025-07-30T00:00:00Z'))
const find = (query: Partial<ContractQuery>) => catalogue.find({ ...NOTHING, ...query }).map(({ conId }) => conId)

describe('Catalogue', () => {
  it.each([
    [711280073, { symbol: 'MNQ', secType: 'FUT', expiry: '20250919' }],
    [711280073, { localSymbol: 'MNQU5', secType: 'FUT', exchange: 'CME' }],
    [711280073, { symbol: 'MNQ', secType: 'FUT', expiry: '202509' }],
    [265598, { symbol: 'AAPL', secType: 'STK', exchange: 'SMART', currency: 'USD' }],
    [8314, { symbol: 'IBM', secType: 'STK', exchange: 'NYSE' }],
    [756733, { symbol: 'SPY', secType: 'STK', primaryExchange: 'ARCA' }],
    [594126321, { symbol: '91282CFV8', secType: 'BOND', exchange: 'SMART' }],
    [594126321, { symbol: 'US-T', secType: 'BOND' }],
    [12087792, { symbol: 'EUR', secType: 'CASH', currency: 'USD', exchange: 'IDEALPRO' }],
  ])('finds %d by %j', (conId, query) => {
    expect(find({ conId })).toEqual([conId])
    expect(find(query)).toEqual([conId])
  })

  it('has every expiry of a future that is not named, the front one among them', () => {
    const found = find({ symbol: 'MNQ', secType: 'FUT' })
    expect(found).toContain(711280073)
    expect(found.length).toBeGreaterThan(3)
  })

  it('finds nothing for a symbol without type, another currency or an unknown id', () => {
    expect(find({ symbol: 'AAPL' })).toEqual([])
    expect(find({ symbol: 'AAPL', secType: 'STK', currency: 'EUR' })).toEqual([])
    expect(find({ conId: 42 })).toEqual([])
    expect(find({ conId: 265598, exchange: 'CME' })).toEqual([])
  })

  it('has a market rule for each contract, with its price step', () => {
    for (const [symbol, secType] of [
      ['MNQ', 'FUT'],
      ['CL', 'FUT'],
      ['SAP', 'STK'],
      ['7203', 'STK'],
      ['US-T', 'BOND'],
      ['EUR', 'CASH'],
    ] as const)
      for (const { marketRuleId, minTick } of catalogue.find({ ...NOTHING, symbol, secType }))
        expect(catalogue.minTickOf(marketRuleId)).toBe(minTick)
  })

  it('makes a share of an id that only a replay file knows, and leaves known ones alone', () => {
    catalogue.addUnknown(42)
    catalogue.addUnknown(265598)
    expect(catalogue.find({ ...NOTHING, conId: 42 })).toMatchObject([{ symbol: 'C42', secType: 'STK', exchange: 'SMART' }])
    expect(catalogue.find({ ...NOTHING, conId: 265598 })).toMatchObject([{ symbol: 'AAPL' }])
  })
})
