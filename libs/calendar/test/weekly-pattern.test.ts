import { expect, it } from '@jest/globals'
import { contractCalendar, sessionOf, withWeeklyPattern } from '../src/index.ts'
import { FUTURE, STOCK, us } from './tellings.ts'

const told = contractCalendar(STOCK)

it('carries each weekday on, holidays not known, and says so', () => {
  const filled = withWeeklyPattern(told, { from: '2025-12-01', to: '2025-12-31' })
  expect(sessionOf(filled, 'regular', '2025-12-24')).toMatchObject({
    status: 'open',
    session: { source: 'pattern', fromUs: us('2025-12-24T09:30-05:00'), untilUs: us('2025-12-24T16:00-05:00') },
  })
  expect(sessionOf(filled, 'regular', '2025-12-06')).toEqual({ status: 'closed' })
})

it('regression: a weekday told once, as a holiday, was closed for ever', () => {
  const filled = withWeeklyPattern(told, { from: '2025-11-15', to: '2025-12-31' })
  for (const [kind, fromUs, untilUs] of [
    ['regular', us('2025-11-20T09:30-05:00'), us('2025-11-20T16:00-05:00')],
    ['full', us('2025-11-20T04:00-05:00'), us('2025-11-20T20:00-05:00')],
  ] as const)
    expect(sessionOf(filled, kind, '2025-11-20')).toMatchObject({ status: 'open', session: { source: 'pattern', fromUs, untilUs } })
  for (const date of ['2025-11-16', '2025-11-22', '2025-12-06', '2025-12-07'])
    expect(sessionOf(filled, 'full', date)).toEqual({ status: 'closed' })
  const monday = sessionOf(withWeeklyPattern(contractCalendar(FUTURE), { from: '2025-06-01', to: '2025-06-03' }), 'regular', '2025-06-02')
  expect(monday).toMatchObject({ session: { fromUs: us('2025-06-02T08:30-05:00'), untilUs: us('2025-06-02T15:00-05:00') } })
})

/** Hours of a stock on some dates, each with its close. */
const stockOn = (...days: [date: string, close: string][]) => {
  const hours = days.map(([date, close]) => (close === 'CLOSED' ? `${date}:CLOSED` : `${date}:0930-${date}:${close}`)).join(';')
  return contractCalendar({ timeZoneId: 'US/Eastern', tradingHours: hours, liquidHours: hours })
}
const closeOn = (calendar: ReturnType<typeof contractCalendar>, date: string) => {
  const answer = sessionOf(withWeeklyPattern(calendar, { from: date, to: date }), 'regular', date)
  return answer.status === 'open' ? new Date(answer.session.untilUs / 1_000).toISOString().slice(11, 16) : answer.status
}

it('regression: a half-day that was told once became the rule of its weekday', () => {
  const carried = withWeeklyPattern(told, { from: '2025-12-01', to: '2025-12-31' })
  for (const [kind, untilUs] of [
    ['regular', us('2025-12-05T16:00-05:00')],
    ['full', us('2025-12-05T20:00-05:00')],
  ] as const)
    expect(sessionOf(carried, kind, '2025-12-05')).toMatchObject({ status: 'open', session: { source: 'pattern', untilUs } })
  const monday = sessionOf(withWeeklyPattern(contractCalendar(FUTURE), { from: '2025-06-01', to: '2025-06-03' }), 'full', '2025-06-02')
  expect(monday).toMatchObject({ session: { fromUs: us('2025-06-01T17:00-05:00'), untilUs: us('2025-06-02T16:00-05:00') } })
})

it.each([
  [
    'told after an ordinary day of the weekday',
    [
      ['20251121', '1600'],
      ['20251126', '1600'],
      ['20251128', '1300'],
    ],
  ],
  [
    'told more often than that',
    [
      ['20251205', '1600'],
      ['20251210', '1600'],
      ['20251219', '1300'],
      ['20251226', '1300'],
    ],
  ],
  [
    'told beside a holiday',
    [
      ['20251128', '1300'],
      ['20251203', '1600'],
      ['20251205', 'CLOSED'],
    ],
  ],
  [
    'told with one ordinary day alone',
    [
      ['20251126', '1600'],
      ['20251128', '1300'],
    ],
  ],
] as [string, [string, string][]][])('a half-day is no rule: %s', (_, days) =>
  expect(closeOn(stockOn(...days), '2026-01-09')).toBe('21:00'),
)

it('a weekday that was told twice, and each time closed earlier than others do, closes early', () => {
  const calendar = stockOn(['20251126', '1600'], ['20251128', '1300'], ['20251203', '1600'], ['20251205', '1300'])
  expect(closeOn(calendar, '2026-01-09')).toBe('18:00')
  expect(closeOn(calendar, '2026-01-07')).toBe('21:00')
})

it('hours that end as the others do, with another break, are a rule of their own', () => {
  const day = (date: string, noon: string) => `${date}:0930-${date}:${noon},${date}:1400-${date}:1600`
  const hours = [day('20251126', '1200'), day('20251127', '1200'), day('20251128', '1130')].join(';')
  const calendar = contractCalendar({ timeZoneId: 'Asia/Jakarta', tradingHours: hours, liquidHours: hours })
  const friday = sessionOf(withWeeklyPattern(calendar, { from: '2025-12-05', to: '2025-12-05' }), 'full', '2025-12-05')
  expect(friday).toMatchObject({ session: { spans: [{ untilUs: us('2025-12-05T11:30+07:00') }, {}] } })
})

it('a weekday that was told closed twice is closed', () => {
  const weeks = ['20251123:1000-20251123:1700;20251128:CLOSED', '20251130:1000-20251130:1700;20251205:CLOSED']
  const calendar = contractCalendar({ timeZoneId: 'Asia/Jerusalem', tradingHours: weeks.join(';'), liquidHours: weeks.join(';') })
  const filled = withWeeklyPattern(calendar, { from: '2025-12-06', to: '2025-12-31' })
  expect(sessionOf(filled, 'full', '2025-12-12')).toEqual({ status: 'closed' })
  expect(sessionOf(filled, 'full', '2025-12-14')).toMatchObject({ status: 'open' })
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
