import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { LineQueue } from '../src/line-queue.ts'

it('property: gives every line once, in order, whatever is put in and taken out between', () => {
  const step = fc.record({ put: fc.integer({ min: 0, max: 20_000 }), take: fc.integer({ min: 0, max: 9_000 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const queue = new LineQueue()
      let [put, taken] = [0, 0]
      const take = (most: number) => {
        const lines = queue.front.slice(0, most)
        expect(lines.map(({ line }) => Number(line))).toEqual(lines.map((_, i) => taken + i))
        queue.drop(lines.length)
        taken += lines.length
        expect(queue.length).toBe(put - taken)
      }
      for (const step of steps) {
        for (let i = 0; i < step.put; i++) queue.push({ subject: 'a', line: String(put++) })
        take(step.take)
      }
      while (queue.length > 0) take(5_000)
      expect([taken, queue.isOnePiece, queue.front]).toEqual([put, true, []])
    }),
    { numRuns: 30 },
  )
})
