import { compareTicks, type TickMessage } from '@ib-stream/model'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeTail } from '../src/merge-tail.ts'

const tick = (ts: number): TickMessage => ({ ts, st: 1, cid: 1, tt: 'mid_point', rid: 1, mp: 1 })

async function* inBatches(ticks: readonly TickMessage[], size: number) {
  for (let i = 0; i < ticks.length; i += size) yield ticks.slice(i, i + size)
}

test('property: equals a stable sort of both, up to the limit, without empty batches', async () => {
  const stamps = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(stamps, stamps, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 90 }), async (a, b, batchTicks, limit) => {
      const files = a.map(tick).sort(compareTicks)
      const tail = b.map(tick).sort(compareTicks)
      const got: TickMessage[] = []
      for await (const batch of mergeTail(inBatches(files, batchTicks), tail, { batchTicks, limit })) {
        expect(batch.length).toBeGreaterThan(0)
        got.push(...batch)
      }
      const wanted = [...files, ...tail].toSorted(compareTicks).slice(0, limit)
      expect(got.every((one, i) => one === wanted[i])).toBe(true)
      expect(got.length).toBe(wanted.length)
    }),
  )
})
