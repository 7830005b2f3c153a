import { describe, expect, it } from '@jest/globals'
import { contractCalendar, marketState, withWeeklyPattern } from '../src/index.ts'
import { FUTURE, HONG_KONG, STOCK, us } from './tellings.ts'

const stock = contractCalendar(STOCK)
const future = contractCalendar(FUTURE)
const status = (calendar: typeof stock, iso: string) => marketState(calendar, us(iso)).status

describe('a stock', () => {
  it.each([
    ['2025-11-24T03:59:59-05:00', 'closed'],
    ['2025-11-24T04:00-05:00', 'pre_market'],
    ['2025-11-24T09:30-05:00', 'open'],
    ['2025-11-24T15:59:59-05:00', 'open'],
    ['2025-11-24T16:00-05:00', 'after_hours'],
    ['2025-11-24T20:00-05:00', 'closed'],
    ['2025-11-27T12:00-05:00', 'closed'],
    ['2025-11-28T13:00-05:00', 'after_hours'],
    ['2025-11-30T23:59-05:00', 'closed'],
  ])('at %s is %s', (iso, wanted) => expect(status(stock, iso)).toBe(wanted))

  it('says when it opens and closes next', () => {
    expect(marketState(stock, us('2025-11-26T21:00-05:00'))).toEqual({
      status: 'closed',
      isTrading: false,
      isLiquid: false,
      nextOpenUs: us('2025-11-28T04:00-05:00'),
      nextCloseUs: us('2025-11-28T17:00-05:00'),
    })
  })
})

describe('a future', () => {
  it.each([
    ['2025-05-21T17:00-05:00', 'pre_market'],
    ['2025-05-22T10:00-05:00', 'open'],
    ['2025-05-22T15:00-05:00', 'after_hours'],
    ['2025-05-22T16:30-05:00', 'closed'],
    ['2025-05-22T17:00-05:00', 'pre_market'],
    ['2025-05-25T12:00-05:00', 'closed'],
    ['2025-05-25T18:00-05:00', 'after_hours'],
    ['2025-05-28T16:59-05:00', 'closed'],
  ])('at %s is %s', (iso, wanted) => expect(status(future, iso)).toBe(wanted))
})

it('a lunch break is closed', () => expect(status(contractCalendar(HONG_KONG), '2025-11-24T12:30+08:00')).toBe('closed'))

describe('what the older system got wrong', () => {
  it('regression: the status was unknown at all times', () => expect(status(stock, '2025-11-25T12:00-05:00')).toBe('open'))

  it('regression: pre_market was never given', () => expect(status(stock, '2025-11-25T08:00-05:00')).toBe('pre_market'))

  it('regression: a session still ran at its last moment (the end is not part of it)', () => {
    expect(status(stock, '2025-11-24T19:59:59.999-05:00')).toBe('after_hours')
    expect(status(stock, '2025-11-24T20:00-05:00')).toBe('closed')
  })

  it.each(['America/New_York', 'EST5EDT', 'EST'])('regression: zone %s was taken as UTC and gave a wrong status', (timeZoneId) => {
    const calendar = contractCalendar({ ...STOCK, timeZoneId })
    expect(status(calendar, '2025-11-24T15:00Z')).toBe('open')
    expect(status(calendar, '2025-11-24T13:00Z')).toBe('pre_market')
  })

  it.each([
    ['Japan', '2025-11-24T00:30Z'],
    ['MET', '2025-11-24T09:00Z'],
    ['GB-Eire', '2025-11-24T10:00Z'],
  ])('regression: zone %s was taken as UTC', (timeZoneId, iso) => {
    expect(status(contractCalendar({ ...STOCK, timeZoneId }), iso)).toBe('open')
  })
})

describe('unknown, never guessed', () => {
  it.each(['2025-11-23T23:59-05:00', '2025-12-01T00:00-05:00', '2013-10-07T12:00-04:00'])('%s', (iso) => {
    expect(marketState(stock, us(iso))).toEqual({ status: 'unknown' })
  })

  it('the future’s evening after the last told date', () =>
    expect(marketState(future, us('2025-05-28T17:00-05:00'))).toEqual({ status: 'unknown', isLiquid: false }))

  it('empty hours', () => {
    const nothing = contractCalendar({ timeZoneId: 'US/Eastern', tradingHours: '', liquidHours: '' })
    expect(marketState(nothing, us('2025-11-24T12:00-05:00'))).toEqual({ status: 'unknown' })
  })

  it('full hours told without regular ones: trading, but not whether regularly', () => {
    const half = contractCalendar({ ...STOCK, liquidHours: '' })
    expect(marketState(half, us('2025-11-24T12:00-05:00'))).toMatchObject({ status: 'unknown', isTrading: true })
    expect(status(half, '2025-11-24T22:00-05:00')).toBe('closed')
  })

  it('the next opening beyond what was told is left out', () => {
    expect(marketState(stock, us('2025-11-29T12:00-05:00'))).toEqual({ status: 'closed', isTrading: false, isLiquid: false })
  })
})

describe('the weekly pattern', () => {
  const extended = withWeeklyPattern(future, { from: '2025-05-29', to: '2025-06-10' })

  it('carries each weekday on and says so', () => {
    expect(marketState(extended, us('2025-06-05T10:00-05:00'))).toMatchObject({ status: 'open', source: 'pattern', date: '2025-06-05' })
    expect(status(extended, '2025-06-07T12:00-05:00')).toBe('closed')
    expect(marketState(extended, us('2025-05-22T10:00-05:00'))).toMatchObject({ status: 'open', source: 'told' })
  })

  it('reaches over the change of clocks in wall time', () => {
    const winter = withWeeklyPattern(stock, { from: '2026-03-01', to: '2026-03-31' })
    expect(status(winter, '2026-03-02T14:30Z')).toBe('open')
    expect(status(winter, '2026-03-09T13:30Z')).toBe('open')
    expect(status(winter, '2026-03-09T13:29Z')).toBe('pre_market')
  })

  it('works backwards too, and leaves what lies outside unknown', () => {
    const past = withWeeklyPattern(stock, { from: '2025-11-03', to: '2025-11-14' })
    expect(status(past, '2025-11-05T12:00-05:00')).toBe('open')
    expect(status(past, '2025-11-19T12:00-05:00')).toBe('unknown')
  })

  it('does not learn a weekday that was never told', () => {
    const short = contractCalendar({ ...STOCK, tradingHours: '20251124:0400-20251124:2000', liquidHours: '20251124:0930-20251124:1600' })
    const carried = withWeeklyPattern(short, { from: '2025-12-01', to: '2025-12-05' })
    expect(status(carried, '2025-12-01T12:00-05:00')).toBe('open')
    expect(status(carried, '2025-12-02T12:00-05:00')).toBe('unknown')
  })
})
