import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { valueArea } from '../../src/math/value-area.ts'
import { sum } from '../naive/trades.ts'

it.each<[string, number[], number, [peak: number, low: number, high: number, volume: number]]>([
  ['one level', [5], 3.5, [0, 0, 0, 5]],
  ['the peak alone, where it holds enough', [1, 8, 1], 7, [1, 1, 1, 8]],
  ['the bigger neighbour first', [1, 3, 8, 2, 1], 10, [2, 1, 2, 11]],
  ['of equal neighbours the upper', [1, 3, 8, 3, 1], 10, [2, 2, 3, 11]],
  ['of equal peaks the lowest', [1, 5, 1, 5], 5, [1, 1, 1, 5]],
  ['on from the lower edge', [8, 1, 1, 1], 10, [0, 0, 2, 10]],
  ['on from the upper edge', [1, 1, 1, 8], 10, [3, 1, 3, 10]],
  ['everything for 100 %', [2, 4, 1], 7, [1, 0, 2, 7]],
  ['everything, and an end, where rounding asks for more than there is', [2, 4, 1], 7.000_001, [1, 0, 2, 7]],
  ['levels without volume between', [3, 0, 9, 0, 4], 12, [2, 2, 4, 13]],
])('takes %s', (_, volumes, wanted, [peak, low, high, volume]) => expect(valueArea(volumes, wanted)).toEqual({ peak, low, high, volume }))

it('property: holds the peak and what was asked for, without its last level it holds less', () => {
  const levels = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(levels, fc.double({ min: 0.01, max: 1, noNaN: true }), (volumes, share) => {
      const wanted = sum(volumes) * share
      const { peak, low, high, volume } = valueArea(volumes, wanted)
      expect(volumes[peak]).toBe(Math.max(...volumes))
      expect(low <= peak && peak <= high).toBe(true)
      expect(volume).toBe(sum(volumes.slice(low, high + 1)))
      expect(volume).toBeGreaterThanOrEqual(wanted)
      if (low < high)
        expect(volume - Math.max(low < peak ? (volumes[low] ?? 0) : 0, high > peak ? (volumes[high] ?? 0) : 0)).toBeLessThan(wanted)
    }),
  )
})
