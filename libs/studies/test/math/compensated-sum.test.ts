import { expect, it } from '@jest/globals'
import { CompensatedSum } from '../../src/math/compensated-sum.ts'

it('keeps what a plain sum loses', () => {
  const sum = new CompensatedSum()
  for (const x of [1, 1e100, 1, -1e100]) sum.add(x)
  expect([sum.value, 1 + 1e100 + 1 - 1e100]).toEqual([2, 0])
})

it('does not drift over a million additions and subtractions', () => {
  const sum = new CompensatedSum()
  for (let i = 0; i < 500_000; i++) sum.add(0.1 + (i % 10))
  for (let i = 0; i < 500_000; i++) sum.add(-(0.1 + (i % 10)))
  expect(Math.abs(sum.value)).toBeLessThan(1e-9)
})

it('is exactly 0 after a reset', () => {
  const sum = new CompensatedSum()
  for (const x of [0.1, 0.2, 1e100]) sum.add(x)
  sum.reset()
  expect(sum.value).toBe(0)
})
