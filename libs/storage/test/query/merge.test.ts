import { compareTicks, TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { mergeTicks, type TickSource } from '../../src/query/merge.ts'
import { tickAt } from '../arbitrary-tick.ts'

/** A source in batches that may be empty, which says when it was told to end. */
function sourceOf(ticks: readonly TickMessage[], batchTicks: number, ended: () => void): TickSource {
  async function* batches(): AsyncGenerator<readonly TickMessage[], void, undefined> {
    try {
      for (let at = 0; at < ticks.length; at += batchTicks) {
        yield []
        yield ticks.slice(at, at + batchTicks)
      }
    } finally {
      ended()
    }
  }
  return batches()
}

const tick = fc
  .record({ ts: fc.nat(3), st: fc.nat(3), cid: fc.constantFrom(1, 2), tt: fc.constantFrom(...TICK_TYPES), n: fc.nat(1000) })
  .map(({ n, ...about }) => tickAt(n, about))

describe('mergeTicks', () => {
  it('property: gives what sorting everything would give, equal ticks in the order of sources and places', async () => {
    const sources = fc.array(fc.array(tick, { maxLength: 20 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(sources, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }), async (lists, batchTicks, sourceTicks) => {
        const sorted = lists.map((list) => list.toSorted(compareTicks))
        const merged: TickMessage[] = []
        for await (const batch of mergeTicks(
          sorted.map((ticks) => sourceOf(ticks, sourceTicks, () => undefined)),
          batchTicks,
        )) {
          expect(batch.length).toBeGreaterThan(0)
          expect(batch.length).toBeLessThanOrEqual(batchTicks)
          merged.push(...batch)
        }
        expect(merged).toEqual(sorted.flat().sort(compareTicks))
      }),
      { numRuns: 500 },
    )
  })

  it('tells every source to end when it is left, and when one fails', async () => {
    let ended = 0
    const ticks = [1, 2, 3].map((n) => tickAt(n, { ts: n }))
    const open = () => sourceOf(ticks, 1, () => ended++)
    for await (const batch of mergeTicks([open(), open()], 1)) if (batch.length > 0) break
    expect(ended).toBe(2)
    const failing: TickSource = { next: () => Promise.reject(new Error('torn')) }
    await expect(mergeTicks([open(), failing], 1).next()).rejects.toThrow('torn')
    expect(ended).toBe(3)
  })
})
