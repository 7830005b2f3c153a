import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { firstEndingAfter, intersectRanges, joinRanges, lengthUs, type UsRange } from '../src/us-range.ts'

const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 12 }))
    .map(([fromUs, length]): UsRange => ({ fromUs, untilUs: fromUs + length })),
  { maxLength: 10 },
)
/** The µs that a list covers. */
const covered = (list: readonly UsRange[]): number[] =>
  Array.from({ length: 80 }, (_, us) => us).filter((us) => list.some(({ fromUs, untilUs }) => fromUs <= us && us < untilUs))

it('property: joined ranges cover the same µs, sorted and apart', () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const joined = joinRanges(list)
      expect(covered(joined)).toEqual(covered(list))
      expect(lengthUs(joined)).toBe(covered(list).length)
      for (const [i, { fromUs, untilUs }] of joined.entries()) {
        expect(fromUs).toBeLessThan(untilUs)
        expect(joined[i + 1]?.fromUs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(untilUs)
      }
    }),
  )
})

it('property: an intersection covers what both cover', () => {
  fc.assert(
    fc.property(ranges, ranges, (a, b) => {
      const both = new Set(covered(b))
      expect(covered(intersectRanges(joinRanges(a), joinRanges(b)))).toEqual(covered(a).filter((us) => both.has(us)))
    }),
  )
})

it('property: finds the first that ends after an instant', () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: -1, max: 80 }), (list, us) => {
      const joined = joinRanges(list)
      const wanted = joined.findIndex(({ untilUs }) => untilUs > us)
      expect(firstEndingAfter(joined, us, ({ untilUs }) => untilUs)).toBe(wanted === -1 ? joined.length : wanted)
    }),
  )
})
