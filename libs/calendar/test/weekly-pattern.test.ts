import { expect, it } from '@jest/globals'
import { contractCalendar, sessionOf, withWeeklyPattern } from '../src/index.ts'
import { STOCK, us } from './tellings.ts'

const told = contractCalendar(STOCK)

it('carries each weekday on, holidays not known, and says so', () => {
  const filled = withWeeklyPattern(told, { from: '2025-12-01', to: '2025-12-31' })
  expect(sessionOf(filled, 'regular', '2025-12-24')).toMatchObject({
    status: 'open',
    session: { source: 'pattern', fromUs: us('2025-12-24T09:30-05:00'), untilUs: us('2025-12-24T16:00-05:00') },
  })
  expect(sessionOf(filled, 'regular', '2025-12-06')).toEqual({ status: 'closed' })
})

it('leaves what IB told as it is', () => {
  const filled = withWeeklyPattern(told, { from: '2025-11-24', to: '2025-12-31' })
  for (const date of ['2025-11-24', '2025-11-27', '2025-11-28'])
    expect(sessionOf(filled, 'full', date)).toEqual(sessionOf(told, 'full', date))
})

it('keeps to the range that was asked for', () => {
  const filled = withWeeklyPattern(told, { from: '2025-12-01', to: '2025-12-05' })
  expect(sessionOf(filled, 'full', '2025-12-08')).toEqual({ status: 'unknown' })
})

it.each([
  ['2025-12-02', '2025-12-01'],
  ['2025-12-01', '2046-12-01'],
  ['2025-12-01', '2025-12-32'],
])('%s to %s is no range', (from, to) =>
  expect(() => withWeeklyPattern(told, { from, to })).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_ARGUMENT_INVALID' })),
)
