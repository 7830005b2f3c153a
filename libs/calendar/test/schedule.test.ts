import { expect, it } from '@jest/globals'
import { contractCalendar, schedule } from '../src/index.ts'
import { STOCK, us } from './tellings.ts'

const stock = contractCalendar(STOCK)

it('gives each date with both kinds of hours', () => {
  expect(schedule(stock, '2025-11-27', 2)).toMatchObject([
    { date: '2025-11-27', status: 'closed' },
    {
      date: '2025-11-28',
      status: 'open',
      full: { fromUs: us('2025-11-28T04:00-05:00'), untilUs: us('2025-11-28T17:00-05:00') },
      regular: { fromUs: us('2025-11-28T09:30-05:00'), untilUs: us('2025-11-28T13:00-05:00') },
    },
  ])
})

it('regression: the number of days asked for was ignored', () => {
  for (const days of [1, 3, 30]) expect(schedule(stock, '2025-11-24', days)).toHaveLength(days)
})

it('says unknown for the days that IB has not told', () => {
  expect(schedule(stock, '2025-11-30', 3).map(({ status }) => status)).toEqual(['closed', 'unknown', 'unknown'])
})

it.each([0, -1, 1.5, 367, Number.NaN])('refuses %p days', (days) => {
  expect(() => schedule(stock, '2025-11-24', days)).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_ARGUMENT_INVALID' }))
})
