import { expect, it } from '@jest/globals'
import { contractCalendar, isOpen, sessionOf, sessionTime } from '../src/index.ts'
import { FUTURE, STOCK, us } from './tellings.ts'

const HOUR_US = 3_600_000_000

it('knows a stock’s week from its first midnight to its last, and nothing beyond', () => {
  const { full } = contractCalendar(STOCK).hours
  expect(full.known).toEqual([{ fromUs: us('2025-11-24T00:00-05:00'), untilUs: us('2025-12-01T00:00-05:00') }])
})

it('knows a future only to the evening on which the next, untold date would begin', () => {
  const { full, regular } = contractCalendar(FUTURE).hours
  expect(full.known).toEqual([{ fromUs: us('2025-05-21T17:00-05:00'), untilUs: us('2025-05-28T17:00-05:00') }])
  expect(regular.known).toEqual([{ fromUs: us('2025-05-22T00:00-05:00'), untilUs: us('2025-05-29T00:00-05:00') }])
})

it('takes a date without an entry between told ones as closed (Sunday before an evening start)', () => {
  expect(sessionOf(contractCalendar(FUTURE), 'full', '2025-05-25')).toEqual({ status: 'closed' })
})

it('a session over the change of clocks has its 23 or 25 hours', () => {
  const day = (date: string, next: string) =>
    contractCalendar({ timeZoneId: 'US/Central', tradingHours: `${date}:0000-${next}:0000`, liquidHours: '' })
  const range = { fromUs: us('2025-01-01T00:00Z'), untilUs: us('2026-01-01T00:00Z') }
  expect(sessionTime(day('20250309', '20250310'), 'full', range).sessionUs).toBe(23 * HOUR_US)
  expect(sessionTime(day('20251102', '20251103'), 'full', range).sessionUs).toBe(25 * HOUR_US)
})

it('spans that touch in the doubled hour do not overlap', () => {
  const hours = '20251102:0000-20251102:0130;20251102:0130-20251102:0300'
  const { spans } = contractCalendar({ timeZoneId: 'US/Eastern', tradingHours: hours, liquidHours: hours }).hours.full
  expect(spans.map(({ fromUs, untilUs }) => [fromUs, untilUs])).toEqual([
    [us('2025-11-02T00:00-04:00'), us('2025-11-02T01:30-04:00')],
    [us('2025-11-02T01:30-04:00'), us('2025-11-02T03:00-05:00')],
  ])
})

it('joins what IB repeats or lets overlap', () => {
  const hours = '20251124:0930-20251124:1600;20251124:0930-20251124:1600;20251124:1500-20251124:1700'
  const { spans } = contractCalendar({ ...STOCK, tradingHours: hours }).hours.full
  expect(spans).toEqual([
    { date: '2025-11-24', fromUs: us('2025-11-24T09:30-05:00'), untilUs: us('2025-11-24T17:00-05:00'), source: 'told' },
  ])
})

it('a later telling replaces an earlier one date by date and keeps the days before', () => {
  const later = {
    ...STOCK,
    tradingHours: '20251128:CLOSED;20251201:0400-20251201:2000',
    liquidHours: '20251128:CLOSED;20251201:0930-20251201:1600',
  }
  const calendar = contractCalendar(STOCK, later)
  expect(isOpen(calendar, 'full', us('2025-11-28T12:00-05:00'))).toBe(false)
  expect(isOpen(calendar, 'full', us('2025-11-26T12:00-05:00'))).toBe(true)
  expect(isOpen(calendar, 'full', us('2025-12-01T12:00-05:00'))).toBe(true)
  expect(calendar.hours.full.known).toHaveLength(1)
})

it('a hole between two tellings stays unknown', () => {
  const later = { ...STOCK, tradingHours: '20251210:0400-20251210:2000', liquidHours: '20251210:0930-20251210:1600' }
  const calendar = contractCalendar(STOCK, later)
  expect(isOpen(calendar, 'full', us('2025-12-05T12:00-05:00'))).toBeUndefined()
  expect(sessionOf(calendar, 'full', '2025-12-05')).toEqual({ status: 'unknown' })
})
