import { describe, expect, it } from '@jest/globals'
import { type ArchivedDay, decodeRecord, encodeRecord } from '../src/day-record.ts'

const day: ArchivedDay = {
  ...{ cid: 8314, tt: 'last', path: 'parquet/cid=8314/tt=last/date=2025-07-28/day.parquet', bytes: 2_858, sha256: 'ab'.repeat(32) },
  ...{ count: 12, seq: 26, spoolId: 'spool-1', etag: '"e"', confirmed: 'read', archivedUs: 1, modifiedMs: 2 },
}

describe('the record of a date', () => {
  it('is read as it was written, the same text whatever the order', () => {
    const days = [day, { ...day, cid: 7 }]
    const text = encodeRecord({ date: '2025-07-28', days })
    expect(encodeRecord({ date: '2025-07-28', days: days.toReversed() })).toBe(text)
    expect(decodeRecord(text, '2025-07-28', 'here').days).toEqual(days.toReversed())
  })

  it.each([
    ['torn', encodeRecord({ date: '2025-07-28', days: [day] }).slice(0, -20)],
    ['of another date', encodeRecord({ date: '2025-07-29', days: [] })],
    ['of another version', '{"version":2,"date":"2025-07-28","days":[]}'],
    ['with a sum that is none', encodeRecord({ date: '2025-07-28', days: [{ ...day, sha256: 'ab' }] })],
    ['null', 'null'],
  ])('is refused, with its name, when it is %s', (_, text) => {
    expect(() => decodeRecord(text, '2025-07-28', 'desk-1/manifest/2025-07-28.json')).toThrow(
      /IBS_ARCHIVE_RECORD_INVALID.*desk-1\/manifest/,
    )
  })
})
