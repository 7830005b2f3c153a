import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { RowRing } from '../../src/math/row-ring.ts'

const rows = (ring: RowRing, fields: number): number[][] =>
  Array.from({ length: ring.length }, (_, row) => Array.from({ length: fields }, (_, field) => ring.at(row, field)))

it('gives rows oldest first', () => {
  const ring = new RowRing(3)
  ring.push(1, 2, 3)
  ring.push(4, 5, 6)
  expect(rows(ring, 3)).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ])
  ring.drop()
  expect(rows(ring, 3)).toEqual([[4, 5, 6]])
})

it('keeps the order when it grows while its oldest row lies in the middle of the array', () => {
  const ring = new RowRing(2)
  for (let i = 0; i < 64; i++) ring.push(i, -i, 0)
  for (let i = 0; i < 40; i++) ring.drop()
  for (let i = 64; i < 300; i++) ring.push(i, -i, 0)
  expect(rows(ring, 2)).toEqual(Array.from({ length: 260 }, (_, i) => [i + 40, -(i + 40)]))
})

it('is empty after clear, and takes rows again', () => {
  const ring = new RowRing(1)
  for (let i = 0; i < 100; i++) ring.push(i, 0, 0)
  ring.clear()
  expect(ring.length).toBe(0)
  ring.push(7, 0, 0)
  expect(rows(ring, 1)).toEqual([[7]])
})

it('property: is an array to which rows are pushed and from which they are shifted', () => {
  const steps = fc.array(fc.record({ pushes: fc.integer({ min: 0, max: 150 }), drops: fc.integer({ min: 0, max: 150 }) }), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 3 }), (moves, fields) => {
      const ring = new RowRing(fields)
      const wanted: number[][] = []
      let next = 0
      for (const { pushes, drops } of moves) {
        for (let i = 0; i < pushes; i++, next++) {
          ring.push(next, next + 0.5, -next)
          wanted.push([next, next + 0.5, -next].slice(0, fields))
        }
        for (let i = 0; i < drops && wanted.length > 0; i++) {
          ring.drop()
          wanted.shift()
        }
        expect(rows(ring, fields)).toEqual(wanted)
      }
    }),
    { numRuns: 50 },
  )
})
