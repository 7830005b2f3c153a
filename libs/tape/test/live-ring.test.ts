import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { comparePlaces } from '../src/cursor.ts'
import type { LiveItem } from '../src/live-item.ts'
import { floorAt, isAfterPlace, LiveRing } from '../src/live-ring.ts'

const item = (batchSeq: number, seq: number, st: number): LiveItem => ({
  kind: 'tick',
  line: 'x'.repeat(10),
  cid: 1,
  tt: 'last',
  subject: 's',
  seq,
  batchSeq,
  st,
  cursor: '',
})

/** Batches as the log gives them: the lines of each message in their order, the messages of a batch merged by `st`. */
function arrived(batches: readonly (readonly number[])[]): LiveItem[] {
  let seq = 0
  let st = 0
  return batches.flatMap((linesOfMessages) => {
    const batchSeq = seq + 1
    const owners = linesOfMessages.flatMap((lines, message) => Array.from({ length: lines }, () => message))
    const shuffled = owners.toSorted((a, b) => ((a * 7 + 3) % 5) - ((b * 7 + 3) % 5))
    const first = seq + 1
    seq += linesOfMessages.length
    return shuffled.map((message) => {
      st += 1
      return item(batchSeq, first + message, st)
    })
  })
}

test('property: holds the newest within its bounds and finds what follows any place, also one inside a batch', () => {
  fc.assert(
    fc.property(
      fc.record({ ticks: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 300 }) }),
      fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
      fc.record({ batchSeq: fc.integer({ min: 0, max: 40 }), st: fc.integer({ min: -1, max: 60 }) }),
      (bounds, batches, place) => {
        const ring = new LiveRing(bounds, floorAt(0))
        const all = arrived(batches)
        for (const [i, one] of all.entries()) expect(ring.push(one)).toBe(i)
        const held = all.slice(ring.start)
        expect(held.length).toBeLessThanOrEqual(bounds.ticks)
        expect(held.length <= 1 || ring.bytes <= bounds.bytes).toBe(true)
        expect(Array.from(held, (_, i) => ring.at(ring.start + i))).toEqual(held)
        const gone = all.slice(0, ring.start)
        const found = ring.firstAfter(place)
        if (gone.some((one) => isAfterPlace(one, place))) expect(found).toBeUndefined()
        if (found === undefined) expect(gone.length > 0 || comparePlaces(place, floorAt(0)) < 0).toBe(true)
        else expect(all.slice(0, found).filter((one) => isAfterPlace(one, place))).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})

test('a place inside a batch is found where the batch begins: its messages are spread over it', () => {
  const ring = new LiveRing({ ticks: 10, bytes: 1_000 }, floorAt(0))
  for (const [seq, st] of [
    [1, 1],
    [3, 2],
    [2, 3],
    [3, 4],
  ] as const)
    ring.push(item(1, seq, st))
  expect(ring.firstAfter({ batchSeq: 3, st: -1 })).toBe(0)
  expect(ring.firstAfter({ batchSeq: 4, st: -1 })).toBe(4)
})
