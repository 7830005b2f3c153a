import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodeRecord, encodeWrite, type SpoolRecord } from '../src/spool-record.ts'

const arbitraryRecord = fc
  .record({
    n: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    subject: fc.string({ unit: 'grapheme', maxLength: 40 }),
    payload: fc.uint8Array({ maxLength: 300 }),
    batch: fc.option(fc.record({ k: fc.integer({ min: 1, max: 65_535 }), n: fc.integer({ min: 1, max: 65_535 }) }), { nil: undefined }),
  })
  .map(({ batch, ...rest }): SpoolRecord => (batch ? { ...rest, batch } : rest))

function decodeAll(bytes: Buffer): { records: SpoolRecord[]; starts: number[]; end: string } {
  const [records, starts]: [SpoolRecord[], number[]] = [[], []]
  for (let offset = 0; ; ) {
    const decoded = decodeRecord(bytes, offset)
    if (decoded.kind !== 'record') return { records, starts, end: decoded.kind }
    records.push({ ...decoded.record, payload: Uint8Array.from(decoded.record.payload) })
    starts.push(offset - decoded.bytesBefore)
    offset += decoded.bytes
  }
}

describe('spool record', () => {
  it('property: reads back what was written, and where each write began', () => {
    fc.assert(
      fc.property(fc.array(fc.array(arbitraryRecord, { minLength: 1, maxLength: 5 }), { maxLength: 4 }), (writes) => {
        const parts = writes.map(encodeWrite)
        const { records, starts, end } = decodeAll(Buffer.concat([...parts, Buffer.alloc(64)]))
        const begins = parts.map((_, i) => parts.slice(0, i).reduce((sum, { length }) => sum + length, 0))
        expect(end).toBe('end')
        expect(records).toEqual(writes.flat())
        expect(starts).toEqual(writes.flatMap((write, i) => write.map(() => begins[i])))
      }),
    )
  })

  it('property: a changed byte of a record is never read as a record', () => {
    fc.assert(
      fc.property(arbitraryRecord, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, at, by) => {
        const bytes = encodeWrite([record])
        bytes[at % bytes.length] = ((bytes[at % bytes.length] ?? 0) + by) % 256
        expect(decodeRecord(bytes, 0).kind).not.toBe('record')
      }),
    )
  })
})
