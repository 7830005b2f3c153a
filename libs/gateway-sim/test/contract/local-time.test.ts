import { describe, expect, it } from '@jest/globals'
import { isTimeZone, localTime, minuteOfDay, usOfLocalTime } from '../../src/contract/local-time.ts'

describe('localTime', () => {
  it('knows the zones by IB name, in summer and winter', () => {
    expect(localTime(new Date('2025-07-30T01:07:14Z'), 'US/Central')).toEqual({ day: '2025-07-29', minute: minuteOfDay('2007') })
    expect(localTime(new Date('2025-01-30T05:00:00Z'), 'US/Eastern')).toEqual({ day: '2025-01-30', minute: 0 })
    expect(isTimeZone('MET') && isTimeZone('Japan')).toBe(true)
    expect(isTimeZone('Nowhere/Land')).toBe(false)
  })

  it.each([
    ['2025-07-29', '2007', 'US/Central', '2025-07-30T01:07:00Z'],
    ['2025-11-02', '0030', 'US/Eastern', '2025-11-02T04:30:00Z'],
    ['2025-11-02', '1700', 'US/Eastern', '2025-11-02T22:00:00Z'],
    ['2025-03-09', '1700', 'US/Eastern', '2025-03-09T21:00:00Z'],
    ['2026-03-08', '0230', 'US/Eastern', '2026-03-08T07:30:00Z'],
    ['2026-03-29', '0230', 'MET', '2026-03-29T01:30:00Z'],
    ['2026-11-01', '0130', 'US/Eastern', '2026-11-01T05:30:00Z'],
    ['2025-07-01', '0900', 'Japan', '2025-07-01T00:00:00Z'],
  ])('%s %s in %s is %s', (day, hhmm, zone, utc) => {
    expect(usOfLocalTime(day, minuteOfDay(hhmm), zone)).toBe(Date.parse(utc) * 1000)
  })
})
