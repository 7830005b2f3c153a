import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { addDays, weekdayOf } from '../src/index.ts'
import { dateOfCompact, dateOfDay, dayNumber } from '../src/local-date.ts'

it.each([
  ['2024-02-28', 1, '2024-02-29'],
  ['2025-02-28', 1, '2025-03-01'],
  ['2025-01-01', -1, '2024-12-31'],
  ['1969-12-31', 1, '1970-01-01'],
  ['2025-03-08', 2, '2025-03-10'],
])('%s plus %d days is %s', (date, days, wanted) => expect(addDays(date, days)).toBe(wanted))

it.each([
  ['2025-11-23', 0],
  ['2025-11-29', 6],
  ['1970-01-01', 4],
  ['1969-12-28', 0],
])('%s is weekday %d', (date, wanted) => expect(weekdayOf(date)).toBe(wanted))

it.each(['2025-02-29', '2025-13-01', '2025-1-1', '20250101', '', '2025-01-01T00:00'])(
  '%j is no date, and is named with the form',
  (date) => {
    expect(dayNumber(date)).toBeUndefined()
    for (const use of [() => addDays(date, 1), () => weekdayOf(date)])
      expect(use).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_ARGUMENT_INVALID', facts: { date } }))
  },
)

it('reads IB’s dates, and none that do not exist', () => {
  expect(['20250521', '20240229', '20250229', '2025-5-1', '202505'].map(dateOfCompact)).toEqual([
    '2025-05-21',
    '2024-02-29',
    undefined,
    undefined,
    undefined,
  ])
})

it('property: a day number comes back from its date', () => {
  fc.assert(fc.property(fc.integer({ min: -20_000, max: 60_000 }), (day) => expect(dayNumber(dateOfDay(day))).toBe(day)))
})
