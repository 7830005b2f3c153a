import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { completeness, completenessBySession, contractCalendar, isOpen, percentOf } from '../src/index.ts'
import { STOCK, us } from './tellings.ts'

const HOUR_US = 3_600_000_000
const stock = contractCalendar(STOCK)
const day = { fromUs: us('2025-11-24T00:00-05:00'), untilUs: us('2025-11-25T00:00-05:00') }

it('counts gaps only where a session was, overlapping ones once', () => {
  const gaps = [
    { fromUs: us('2025-11-24T15:00-05:00'), untilUs: us('2025-11-24T18:00-05:00') },
    { fromUs: us('2025-11-24T15:30-05:00'), untilUs: us('2025-11-24T15:45-05:00') },
  ]
  expect(completeness(stock, 'regular', day, gaps)).toEqual({
    sessionUs: 6.5 * HOUR_US,
    certainUs: 5.5 * HOUR_US,
    unknownUs: 0,
    share: 5.5 / 6.5,
  })
})

it('has no share where there was no session, or none is known', () => {
  const holiday = { fromUs: us('2025-11-27T00:00-05:00'), untilUs: us('2025-11-28T00:00-05:00') }
  expect(completeness(stock, 'full', holiday, [])).toEqual({ sessionUs: 0, certainUs: 0, unknownUs: 0 })
  const later = { fromUs: us('2026-01-05T00:00-05:00'), untilUs: us('2026-01-06T00:00-05:00') }
  expect(completeness(stock, 'full', later, [])).toEqual({ sessionUs: 0, certainUs: 0, unknownUs: 24 * HOUR_US })
})

it('regression: 57 of 100 parts were told as 56.99 %; hundredths are exact, and never rounded up', () => {
  const percent = (certainUs: number, sessionUs: number) => percentOf({ certainUs, sessionUs })
  expect(Array.from({ length: 10_001 }, (_, n) => percent(n * 2_340_000, 10_000 * 2_340_000))).toEqual(
    Array.from({ length: 10_001 }, (_, n) => n / 100),
  )
  const yearUs = 366 * 24 * HOUR_US
  expect([percent(yearUs - 1, yearUs), percent(yearUs, yearUs), percent(1, yearUs), percent(0, 0)]).toEqual([99.99, 100, 0, null])
})

it('property: equal to counting minutes one by one', () => {
  const minute = fc.integer({ min: 0, max: 1440 })
  const gap = fc
    .tuple(minute, minute)
    .map(([a, b]) => ({ fromUs: day.fromUs + Math.min(a, b) * 60e6, untilUs: day.fromUs + Math.max(a, b) * 60e6 }))
  fc.assert(
    fc.property(fc.array(gap, { maxLength: 6 }), (gaps) => {
      let certain = 0
      for (let at = day.fromUs; at < day.untilUs; at += 60e6) {
        const inGap = gaps.some(({ fromUs, untilUs }) => at >= fromUs && at < untilUs)
        if (isOpen(stock, 'full', at) && !inGap) certain++
      }
      expect(completeness(stock, 'full', day, gaps).certainUs).toBe(certain * 60e6)
    }),
    { numRuns: 50 },
  )
})

it('by session: each as far as it lies in the range, and together as much as the whole', () => {
  const range = { fromUs: us('2025-11-24T12:00-05:00'), untilUs: us('2025-11-27T00:00-05:00') }
  const gaps = [{ fromUs: us('2025-11-24T15:00-05:00'), untilUs: us('2025-11-25T10:30-05:00') }]
  const sessions = completenessBySession(stock, 'regular', range, gaps)
  expect(
    sessions.map(({ session, sessionUs, certainUs, share }) => [session.date, sessionUs / HOUR_US, certainUs / HOUR_US, share]),
  ).toEqual([
    ['2025-11-24', 4, 3, 0.75],
    ['2025-11-25', 6.5, 5.5, 5.5 / 6.5],
    ['2025-11-26', 6.5, 6.5, 1],
  ])
  const whole = completeness(stock, 'regular', range, gaps)
  expect(sessions.reduce((sum, { certainUs }) => sum + certainUs, 0)).toBe(whole.certainUs)
})
