import { describe, expect, it } from '@jest/globals'
import { ibHours, localTime, minuteOfDay } from '../../src/contract/trading-hours.ts'

describe('ibHours', () => {
  it('closes a stock market at the weekend', () => {
    expect(ibHours({ opens: '0930', closes: '1600' }, '2025-05-22')).toBe(
      [
        '20250522:0930-20250522:1600',
        '20250523:0930-20250523:1600',
        '20250524:CLOSED',
        '20250525:CLOSED',
        '20250526:0930-20250526:1600',
        '20250527:0930-20250527:1600',
        '20250528:0930-20250528:1600',
      ].join(';'),
    )
  })

  it('opens a future on the evening before, on Sunday for Monday', () => {
    expect(ibHours({ opens: '1700', closes: '1600' }, '2025-05-22')).toBe(
      [
        '20250521:1700-20250522:1600',
        '20250522:1700-20250523:1600',
        '20250524:CLOSED',
        '20250525:1700-20250526:1600',
        '20250526:1700-20250527:1600',
        '20250527:1700-20250528:1600',
      ].join(';'),
    )
  })
})

describe('localTime', () => {
  it('knows the zones by IB name, in summer and winter', () => {
    expect(localTime(new Date('2025-07-30T01:07:14Z'), 'US/Central')).toEqual({ day: '2025-07-29', minute: minuteOfDay('2007') })
    expect(localTime(new Date('2025-01-30T05:00:00Z'), 'US/Eastern')).toEqual({ day: '2025-01-30', minute: 0 })
  })
})
