import { TICK_TYPES } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { readTypes, TICK_TYPE_WORDS } from '../../src/command/shared-options.ts'

it('knows the tick types of the model', () => {
  expect(TICK_TYPE_WORDS).toEqual(TICK_TYPES)
  expect(readTypes(' last,bid_ask,last')).toEqual(['last', 'bid_ask'])
  expect(() => readTypes('BidAsk')).toThrow('tick types from bid_ask, last, all_last, mid_point, separated by commas')
})
