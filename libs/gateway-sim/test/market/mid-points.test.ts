import { expect, it } from '@jest/globals'
import { MidPoints } from '../../src/market/mid-points.ts'
import type { QuoteTick } from '../../src/market/tick.ts'

const quote = (bid: number | undefined, ask: number | undefined): QuoteTick => ({
  kind: 'bid_ask',
  conId: 8314,
  tsUs: 1_000_000,
  bid,
  bidSize: 1,
  ask,
  askSize: 1,
  bidPastLow: false,
  askPastHigh: false,
})

it('gives a mid point when the middle moves, and only then', () => {
  const midPoints = new MidPoints()
  const quotes = [quote(180.01, 180.02), quote(180, 180.03), quote(180.01, undefined), quote(-1, 180.5), quote(180.02, 180.02)]
  expect(quotes.map((each) => midPoints.after(each)?.mid)).toEqual([180.015, undefined, undefined, undefined, 180.02])
})
