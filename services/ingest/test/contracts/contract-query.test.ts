import { describe, expect, it } from '@jest/globals'
import { contractQuery, queryKey, requestsOf } from '../../src/contracts/contract-query.ts'

describe('contractQuery', () => {
  it('takes symbols and types in any case', () => {
    expect(contractQuery.parse({ symbol: 'aapl', secType: 'stk' })).toEqual({ symbol: 'AAPL', secType: 'STK' })
  })

  it.each([
    [{}, 'symbol', 'a contract id or a symbol'],
    [{ symbol: 'A', secType: 'XYZ' }, 'secType', 'one of STK, FUT'],
    [{ cid: 1.5 }, 'cid', 'a contract id'],
    [{ symbol: 'A', expiry: '2026' }, 'expiry', 'YYYYMM'],
    [{ symbol: 'A', strike: -1 }, 'strike', 'a price above 0'],
  ])('refuses %j: %s', (query, field, rule) => {
    const issue = contractQuery.safeParse(query).error?.issues[0]
    expect([issue?.path.join('.'), issue?.message]).toEqual([field, expect.stringContaining(rule)])
  })
})

describe('requestsOf', () => {
  it('asks on the exchange where a type trades, and everywhere for what a symbol does not say', () => {
    expect(requestsOf({ symbol: 'AAPL', secType: 'STK' })).toEqual([{ symbol: 'AAPL', secType: 'STK', exchange: 'SMART' }])
    expect(requestsOf({ symbol: 'FDAX', secType: 'FUT', expiry: '202612' })).toEqual([
      { symbol: 'FDAX', secType: 'FUT', lastTradeDateOrContractMonth: '202612' },
    ])
    expect(requestsOf({ symbol: 'SPX', secType: 'IND', exchange: 'CBOE' })).toEqual([{ symbol: 'SPX', secType: 'IND', exchange: 'CBOE' }])
    expect(requestsOf({ cid: 8314 })).toEqual([{ conId: 8314 }])
  })

  it('looks for a symbol alone under the common types, and never for a whole option chain unasked', () => {
    expect(requestsOf({ symbol: 'ES' }).map(({ secType }) => secType)).toEqual(['STK', 'FUT', 'IND', 'CASH', 'CMDTY', 'CFD', 'FUND'])
    expect(requestsOf({ symbol: 'AAPL', expiry: '202612' }).map(({ secType }) => secType)).toEqual(['FUT'])
    expect(requestsOf({ symbol: 'AAPL', strike: 200 }).map(({ secType }) => secType)).toEqual(['FUT', 'OPT'])
  })
})

describe('queryKey', () => {
  it('is one for a query and another for each other, in letters that a bucket takes', () => {
    const keys = [{ cid: 1 }, { symbol: '1' }, { symbol: 'BRK B' }, { symbol: 'BRK.B' }, { symbol: 'BRK', secType: 'B' }].map(queryKey)
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9=.-]+$/)
  })
})
