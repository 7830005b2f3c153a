import { expect, it } from '@jest/globals'
import { BandTouches } from '../../src/market/band-touches.ts'

const after = (...prices: readonly number[]): BandTouches => {
  const touches = new BandTouches()
  for (const price of prices) touches.see(price, 10, 20)
  return touches
}

it('counts entries beyond a band, not the stay there', () => {
  expect(after(15, 21, 22, 25, 15, 21)).toMatchObject({ upper: 2, lower: 0 })
  expect(after(9, 8, 15, 9)).toMatchObject({ upper: 0, lower: 2 })
})

it('counts a jump from one side to the other', () => expect(after(21, 9, 21)).toMatchObject({ upper: 2, lower: 1 }))

it('a price on the band is not beyond it', () => expect(after(10, 20)).toMatchObject({ upper: 0, lower: 0 }))

it('after a reset the next price beyond counts as an entry', () => {
  const touches = after(21)
  touches.reset()
  touches.see(22, 10, 20)
  expect(touches).toMatchObject({ upper: 1, lower: 0 })
})
