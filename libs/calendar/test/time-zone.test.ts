import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { timeZone } from '../src/index.ts'
import { us } from './tellings.ts'

const HOUR_US = 3_600_000_000

describe('zone names', () => {
  it('knows every IANA zone of Intl, with the offset that Intl has', () => {
    const zones = Intl.supportedValuesOf('timeZone')
    expect(zones.length).toBeGreaterThan(400)
    for (const name of zones) {
      const zone = timeZone(name)
      for (const iso of ['1990-01-15T12:00Z', '2011-12-30T23:59Z', '2025-07-01T00:00Z', '2026-01-01T00:14Z']) {
        expect([name, iso, zone.offsetUs(us(iso)) / 60_000_000]).toEqual([name, iso, intlOffsetMinutes(name, iso)])
      }
    }
  })

  it.each([
    ['US/Eastern', 'America/New_York'],
    ['US/Central', 'America/Chicago'],
    ['US/Pacific', 'America/Los_Angeles'],
    ['EST', 'America/New_York'],
    ['EST5EDT', 'America/New_York'],
    ['EST (Eastern Standard Time)', 'America/New_York'],
    ['CST', 'America/Chicago'],
    ['CTT', 'America/Chicago'],
    ['CST6CDT', 'America/Chicago'],
    ['MET', 'Europe/Paris'],
    ['MET (Middle Europe Time)', 'Europe/Paris'],
    ['CET', 'Europe/Paris'],
    ['GB', 'Europe/London'],
    ['GB-Eire', 'Europe/London'],
    ['BST', 'Europe/London'],
    ['Japan', 'Asia/Tokyo'],
    ['JST', 'Asia/Tokyo'],
    ['Hongkong', 'Asia/Hong_Kong'],
    ['HKT', 'Asia/Hong_Kong'],
    ['Asia/Calcutta', 'Asia/Kolkata'],
    ['IST', 'Asia/Kolkata'],
    ['China/Beijing', 'Asia/Shanghai'],
    ['PRC', 'Asia/Shanghai'],
    ['ROK', 'Asia/Seoul'],
    ['Singapore', 'Asia/Singapore'],
    ['Australia/NSW', 'Australia/Sydney'],
    ['Israel', 'Asia/Jerusalem'],
    ['Europe/Riga', 'Europe/Riga'],
    ['us/eastern', 'America/New_York'],
    ['UTC', 'UTC'],
  ])('reads IB’s name %s as %s', (name, iana) => {
    for (const iso of ['2025-01-15T12:00Z', '2025-03-20T12:00Z', '2025-07-15T12:00Z', '2025-10-28T12:00Z'])
      expect(timeZone(name).offsetUs(us(iso))).toBe(timeZone(iana).offsetUs(us(iso)))
  })

  it.each(['', 'Mars/Olympus', 'Europe', '(EST)', 'America/New York'])('regression: an unknown zone (%j) became UTC silently', (name) => {
    expect(() => timeZone(name)).toThrow(expect.objectContaining({ code: 'IBS_CALENDAR_ZONE_UNKNOWN', facts: { timeZoneId: name } }))
  })
})

describe('wall time', () => {
  it('takes the first of a doubled time, and moves a skipped one on', () => {
    const newYork = timeZone('America/New_York')
    expect(newYork.instant('2025-11-02', 90)).toBe(us('2025-11-02T01:30-04:00'))
    expect(newYork.instant('2025-03-09', 150)).toBe(us('2025-03-09T03:30-04:00'))
    expect(timeZone('Australia/Lord_Howe').instant('2025-10-05', 135)).toBe(us('2025-10-05T02:45+11:00'))
  })

  it('has days of 23, 24 and 25 hours', () => {
    const hours = (zone: string, date: string) => (timeZone(zone).instant(date, 1440) - timeZone(zone).instant(date, 0)) / HOUR_US
    expect(hours('US/Central', '2025-03-09')).toBe(23)
    expect(hours('US/Central', '2025-11-02')).toBe(25)
    expect(hours('US/Central', '2025-11-03')).toBe(24)
    expect(hours('GB-Eire', '2025-03-30')).toBe(23)
    expect(hours('Australia/Lord_Howe', '2025-04-06')).toBe(24.5)
  })

  it('property: an instant comes back from its wall time, or an hour earlier where the wall time is doubled', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
    const minutes = fc.integer({ min: us('1990-01-02T00:00Z') / 60_000_000, max: us('2040-01-01T00:00Z') / 60_000_000 })
    fc.assert(
      fc.property(zones, minutes, (name, minute) => {
        const at = minute * 60_000_000
        const zone = timeZone(name)
        const { date, minute: ofDay } = zone.localTime(at)
        const back = zone.instant(date, ofDay)
        expect(zone.localTime(back)).toEqual({ date, minute: ofDay })
        expect(back).toBeLessThanOrEqual(at)
        if (back !== at) expect(zone.offsetUs(back)).toBeGreaterThan(zone.offsetUs(at))
      }),
      { numRuns: 3_000 },
    )
  })
})

function intlOffsetMinutes(timeZone: string, iso: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(Date.parse(iso))
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?/.exec(text) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes) + Number(seconds) / 60) || 0
}
