import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { comparePlaces, formatCursor, parseCursor } from '../src/cursor.ts'
import { LiveRing } from '../src/live-ring.ts'
import type { LiveTick } from '../src/live-tick.ts'

const tickAt = (batchSeq: number, st: number): LiveTick => ({
  line: 'x'.repeat(10),
  cid: 1,
  tt: 'last',
  subject: 's',
  batchSeq,
  st,
  cursor: '',
})

test('property: holds the newest within its bounds and finds what follows any place', () => {
  fc.assert(
    fc.property(
      fc.record({ ticks: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 300 }) }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.record({ batchSeq: fc.integer({ min: 0, max: 70 }), st: fc.integer({ min: 0, max: 70 }) }),
      (bounds, newBatch, place) => {
        const floor = { batchSeq: 0, st: Number.POSITIVE_INFINITY }
        const ring = new LiveRing(bounds, floor)
        let batchSeq = 1
        const all = newBatch.map((isNew, st) => {
          if (isNew) batchSeq = st + 1
          return tickAt(batchSeq, st)
        })
        for (const [i, tick] of all.entries()) expect(ring.push(tick)).toBe(i)
        const held = all.slice(ring.start)
        expect(held.length).toBeLessThanOrEqual(bounds.ticks)
        expect(held.length <= 1 || ring.bytes <= bounds.bytes).toBe(true)
        expect(Array.from(held, (_, i) => ring.at(ring.start + i))).toEqual(held)
        const gone = all.slice(0, ring.start)
        const lost = gone.some((tick) => comparePlaces(tick, place) > 0) || (gone.length === 0 && comparePlaces(place, floor) < 0)
        const first = all.findIndex((tick) => comparePlaces(tick, place) > 0)
        expect(ring.firstAfter(place)).toBe(lost ? undefined : first < 0 ? all.length : first)
      },
    ),
  )
})

test('a cursor survives its text, and other text is none', () => {
  const cursor = { spoolId: '0b9c2f36-1c2d-4a4c-9a76-0f7b3b1f6f5e', batchSeq: 123, st: 1_753_884_000_000_001 }
  expect(parseCursor(formatCursor(cursor))).toEqual(cursor)
  for (const text of ['', 'l', 'l.a.1', 'h.a.1.2', 'l.a.1.x', 'l.a.-1.2', 'l.a.1.2.3', `l.${'a'.repeat(65)}.1.2`])
    expect(parseCursor(text)).toBeUndefined()
})
