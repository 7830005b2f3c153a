import { expect, it } from '@jest/globals'
import { SquaredReturns } from '../../src/math/squared-returns.ts'

const SECOND_US = 1_000_000
const after = (windowSeconds: number, ...prices: readonly number[]): number => {
  const returns = new SquaredReturns(windowSeconds * SECOND_US)
  for (const [second, price] of prices.entries()) returns.push(second * SECOND_US, price)
  return returns.volatility
}

it('is the root of the squared log returns', () => {
  expect(after(0, 10, 11, 10)).toBeCloseTo(Math.sqrt(2 * Math.log(1.1) ** 2), 15)
  expect(after(60, 10, 11, 10)).toBeCloseTo(Math.sqrt(2 * Math.log(1.1) ** 2), 15)
})

it('takes no return into the oldest price of the window, for it came from outside', () => {
  expect(after(2, 10, 20, 21, 22)).toBeCloseTo(Math.log(22 / 21), 15)
  expect(after(1, 10, 20, 21)).toBe(0)
})

it('is exactly 0 once all moves have left the window', () => expect(after(3, 10, 11.3, 10.7, 10.7, 10.7, 10.7, 10.7)).toBe(0))

it('prices at or below 0 have no return', () => expect(after(0, 10, -1, 10, 0, 10)).toBe(0))

it('takes no return across a reset', () => {
  const returns = new SquaredReturns(0)
  returns.push(0, 10)
  returns.push(1, 11)
  returns.reset()
  returns.push(2, 20)
  expect(returns.volatility).toBe(0)
})
