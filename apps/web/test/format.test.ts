import { expect, it } from '@jest/globals'
import { bytes, decimalsOf, latency, length, price, signed } from '../src/format.ts'

it('shows as many decimals as the least price change needs', () => {
  expect([0.25, 0.01, 1, 0.00005, 0.5, 1 / 32, undefined, 0].map(decimalsOf)).toEqual([2, 2, 0, 5, 1, 5, 2, 2])
  expect([price(23_477.5, 2), price(undefined, 2), price(Number.NaN, 2), price(0, 2), price(-1.5, 1)]).toEqual([
    '23477.50',
    '–',
    '–',
    '0.00',
    '-1.5',
  ])
})

it('shows lengths, latencies, sizes and changes in few letters', () => {
  expect([0.04, 9.96, 42.4, 99, 100, 7_200, 200_000].map(length)).toEqual(['0.0s', '10.0s', '42s', '99s', '2m', '2h', '2d'])
  expect([0.42, 9.94, 12.4, 999, 1_500].map(latency)).toEqual(['0.4ms', '9.9ms', '12ms', '999ms', '1.5s'])
  expect([0, 999, 1_500, 312_400_000_000].map(bytes)).toEqual(['0 B', '999 B', '1.5 kB', '312.4 GB'])
  expect([signed(0, 2), signed(1.256, 2), signed(-3, 0)]).toEqual(['+0.00', '+1.26', '−3'])
})
