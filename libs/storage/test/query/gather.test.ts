import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ColumnBuffer, columnsOf } from '../../src/codec/columns.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { gather, rowList } from '../../src/query/gather.ts'
import { arbitraryTick } from '../arbitrary-tick.ts'

describe('gather', () => {
  it('property: appends exactly the rows that are listed, all fields of each, behind those that are there', () => {
    const sources = fc.array(fc.array(arbitraryTick, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(sources, fc.array(fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }), { maxLength: 3 }), (ticks, turns) => {
        const columns = ticks.map(columnsOf)
        const out = new ColumnBuffer(32)
        const wanted = []
        for (const picks of turns) {
          const list = rowList(8)
          for (const [a, b] of picks) {
            const which = a % ticks.length
            const row = b % (ticks[which]?.length ?? 1)
            list.which[list.length] = which
            list.rows[list.length++] = row
            wanted.push(ticks[which]?.[row])
          }
          gather(out, columns, list)
        }
        expect(Array.from({ length: out.length }, (_, row) => tickOfRow(out, row))).toEqual(wanted)
      }),
      { numRuns: 500 },
    )
  })
})
