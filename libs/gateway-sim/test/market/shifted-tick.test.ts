import { expect, it } from '@jest/globals'
import { pricierTick } from '../../src/market/shifted-tick.ts'

it('moves prices without the noise of binary fractions, and leaves unset ones unset', () => {
  const common = { conId: 1, tsUs: 0 }
  const quote = {
    ...common,
    kind: 'bid_ask',
    bid: 0.1,
    bidSize: 1,
    ask: undefined,
    askSize: undefined,
    bidPastLow: false,
    askPastHigh: false,
  } as const
  expect(pricierTick(quote, 0.2)).toMatchObject({ bid: 0.3, ask: undefined })
  expect(pricierTick({ ...common, kind: 'mid_point', mid: 1.15 }, 2.3)).toMatchObject({ mid: 3.45 })
})
