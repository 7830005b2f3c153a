import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ColumnBuffer, columnsOf } from '../../src/codec/columns.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { gather, rowList } from '../../src/query/gather.ts'
import { areSorted, sortRows } from '../../src/query/sort-rows.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

function bufferOf(ticks: readonly TickMessage[]): ColumnBuffer {
  const buffer = new ColumnBuffer(Math.max(1, ticks.length))
  const list = rowList(ticks.length)
  for (const row of ticks.keys()) list.rows[row] = row
  list.length = ticks.length
  gather(buffer, [columnsOf(ticks)], list)
  return buffer
}

const ticksOf = (chunks: readonly ColumnBuffer[]): TickMessage[] =>
  chunks.flatMap((chunk) => Array.from({ length: chunk.length }, (_, row) => tickOfRow(chunk, row)))

/** Few stamps, so that many are equal. */
const tick = fc
  .tuple(arbitraryTick, fc.nat(4), fc.nat(2))
  .map(([one, ts, st]) => ({ ...one, ts: 1_700_000_000_000_000 + ts, st: 1_700_000_000_000_010 + st }))

describe('sortRows', () => {
  it('property: gives the same ticks in order of ts, st and place, in columns that are full but for the last', () => {
    fc.assert(
      fc.property(fc.array(fc.array(tick, { maxLength: 9 }), { maxLength: 5 }), fc.integer({ min: 1, max: 7 }), (lists, capacity) => {
        const chunks = lists.map(bufferOf)
        const wanted = lists.flat().toSorted((a, b) => a.ts - b.ts || a.st - b.st)
        const sorted = sortRows(chunks, capacity)
        expect(ticksOf(sorted)).toEqual(wanted)
        expect(sorted.slice(0, -1).every(({ length }) => length === capacity)).toBe(true)
        expect(areSorted(sorted)).toBe(true)
        const isSorted = ticksOf(chunks).every((one, i, all) => {
          const before = all[i - 1]
          return before === undefined || before.ts < one.ts || (before.ts === one.ts && before.st <= one.st)
        })
        expect(areSorted(chunks)).toBe(isSorted)
      }),
      { numRuns: 300 },
    )
  })
})
