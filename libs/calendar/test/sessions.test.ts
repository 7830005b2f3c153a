import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { contractCalendar, isOpen, type SessionPeriod, sessionOf, sessionPeriodAt, sessionsIn, sessionTime } from '../src/index.ts'
import { FUTURE, HONG_KONG, STOCK, us } from './tellings.ts'

const HOUR_US = 3_600_000_000
const stock = contractCalendar(STOCK)
const future = contractCalendar(FUTURE)
const hongKong = contractCalendar(HONG_KONG)

it('gives the session of a trading date, regular or full', () => {
  expect(sessionOf(future, 'full', '2025-05-22')).toMatchObject({
    status: 'open',
    session: { fromUs: us('2025-05-21T17:00-05:00'), untilUs: us('2025-05-22T16:00-05:00') },
  })
  expect(sessionOf(future, 'regular', '2025-05-26')).toEqual({ status: 'closed' })
  expect(sessionOf(stock, 'regular', '2025-12-24')).toEqual({ status: 'unknown' })
  expect(() => sessionOf(stock, 'regular', '2025-13-01')).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_ARGUMENT_INVALID' }))
})

it('a session with a break has both its spans', () => {
  const answer = sessionOf(hongKong, 'regular', '2025-11-24')
  expect(answer).toMatchObject({ session: { fromUs: us('2025-11-24T09:30+08:00'), untilUs: us('2025-11-24T16:00+08:00') } })
  expect(answer.status === 'open' && answer.session.spans).toHaveLength(2)
})

it('lists the sessions of a range: those that overlap it, whole', () => {
  const range = { fromUs: us('2025-11-24T16:00-05:00'), untilUs: us('2025-11-28T09:30-05:00') }
  expect(sessionsIn(stock, 'regular', range).map(({ date }) => date)).toEqual(['2025-11-25', '2025-11-26'])
  expect(sessionsIn(stock, 'full', range).map(({ date }) => date)).toEqual(['2025-11-24', '2025-11-25', '2025-11-26', '2025-11-28'])
  expect(() => sessionsIn(stock, 'full', { fromUs: 5, untilUs: 5 })).toThrow(
    expect.objectContaining({ code: 'IBS_CALENDAR_ARGUMENT_INVALID' }),
  )
})

it('adds up session time and the time that IB has not told', () => {
  const range = { fromUs: us('2025-11-24T12:00-05:00'), untilUs: us('2025-12-01T06:00-05:00') }
  expect(sessionTime(stock, 'regular', range)).toEqual({ sessionUs: (4 + 6.5 + 6.5 + 3.5) * HOUR_US, unknownUs: 6 * HOUR_US })
  expect(sessionTime(hongKong, 'full', { fromUs: us('2025-11-24T00:00+08:00'), untilUs: us('2025-11-25T00:00+08:00') })).toEqual({
    sessionUs: 5.5 * HOUR_US,
    unknownUs: 0,
  })
})

it('the period of a trading date reaches to the next one’s start', () => {
  const wanted = { date: '2025-05-23', fromUs: us('2025-05-22T17:00-05:00'), untilUs: us('2025-05-25T17:00-05:00') }
  expect(sessionPeriodAt(future, 'full', us('2025-05-22T17:00-05:00'))).toEqual(wanted)
  expect(sessionPeriodAt(future, 'full', us('2025-05-24T12:00-05:00'))).toEqual(wanted)
  expect(sessionPeriodAt(hongKong, 'full', us('2025-11-24T12:30+08:00')).date).toBe('2025-11-24')
})

it('the period is nameless before the first session and beyond what IB told', () => {
  const midnight = us('2025-11-24T00:00-05:00')
  expect(sessionPeriodAt(stock, 'regular', midnight)).toEqual({ fromUs: midnight, untilUs: us('2025-11-24T09:30-05:00') })
  expect(sessionPeriodAt(stock, 'regular', midnight - 1)).toEqual({ fromUs: Number.NEGATIVE_INFINITY, untilUs: midnight })
  expect(sessionPeriodAt(stock, 'regular', us('2026-01-01T00:00Z'))).toMatchObject({ untilUs: Number.POSITIVE_INFINITY })
})

it('property: periods follow one another without hole or overlap, and every open instant is in a named one', () => {
  const calendars = fc.constantFrom(stock, future, hongKong)
  const start = us('2025-05-01T00:00Z')
  fc.assert(
    fc.property(
      calendars,
      fc.constantFrom('regular' as const, 'full' as const),
      fc.integer({ min: 0, max: 240 * 24 * 60 }),
      (calendar, kind, minute) => {
        const at = start + minute * 60_000_000
        const period: SessionPeriod = sessionPeriodAt(calendar, kind, at)
        expect(period.fromUs <= at && at < period.untilUs).toBe(true)
        if (Number.isFinite(period.untilUs)) {
          expect(sessionPeriodAt(calendar, kind, period.untilUs).fromUs).toBe(period.untilUs)
          expect(sessionPeriodAt(calendar, kind, period.untilUs - 1)).toEqual(period)
        }
        if (isOpen(calendar, kind, at)) expect(period.date).toBeDefined()
      },
    ),
    { numRuns: 2_000 },
  )
})
