import { describe, expect, it } from '@jest/globals'
import type { StudyOutput } from '../../src/index.ts'
import { prepareStudy, pushAll } from '../../src/index.ts'
import { isTrade, sizeOf } from '../../src/market/trade.ts'
import { quote, trade } from '../ticks.ts'

it.each([
  [0, 0, false, 0],
  [0, 5, true, 5],
  [-37.63, 1, true, 1],
  [10, 0, true, 0],
  [10, -1, true, 0],
  [10, 0.000_1, true, 0.000_1],
  [10, 1e16, true, 0],
  [2e12, 5, false, 5],
])('price %d and size %d: a trade %s, of size %d', (price, size, wanted, volume) => {
  expect([isTrade(trade(0, price, size)), sizeOf(trade(0, price, size))]).toEqual([wanted, volume])
})

it('a trade whose size IB left unset has a price, but no volume', () => {
  const { s: _s, ...unsized } = trade(0, 5_000, 1)
  expect([isTrade(unsized), sizeOf(unsized)]).toEqual([true, 0])
})

describe('a halt (price 0, size 0)', () => {
  const [before, halt, after] = [[quote(0, 10, 11), trade(1, 11, 3)], trade(2, 0, 0), [trade(3, 10, 2)]]

  it.each(['bars', 'bollinger', 'delta', 'true_delta', 'spread', 'volume_profile', 'vwap'])('changes nothing in %s', (name) => {
    const run = (ticks: Parameters<typeof pushAll>[1]): StudyOutput[] => {
      const study = prepareStudy(name, name === 'bollinger' ? { min_trades: 2 } : {}).create()
      return [...pushAll(study, ticks), ...study.flush()]
    }
    const got = run([...before, halt, ...after])
    expect(got.length).toBeGreaterThan(0)
    expect(got).toEqual(run([...before, ...after]))
  })
})
