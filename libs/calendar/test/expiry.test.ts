import { expect, it } from '@jest/globals'
import { expiryNotice, parseExpiry } from '../src/index.ts'
import { us } from './tellings.ts'

it.each([
  ['20250620', '2025-06-21T00:00-05:00'],
  ['20250620 08:30 US/Central', '2025-06-20T08:30-05:00'],
  ['20250620 09:30 US/Eastern', '2025-06-20T08:30-05:00'],
  ['20250620 08:30', '2025-06-20T08:30-05:00'],
  ['20250620-08:30:00 US/Central', '2025-06-20T08:30-05:00'],
])('reads %s', (text, iso) => expect(parseExpiry(text, 'US/Central')).toEqual({ date: '2025-06-20', atUs: us(iso) }))

it.each(['202506', '', 'NOEXP', '20250631', '20250620 25:00', '2025-06-20'])(
  'refuses %j: it does not say on which day trading ends',
  (text) => {
    expect(() => parseExpiry(text, 'US/Central')).toThrow(
      expect.objectContaining({ code: 'IBS_CALENDAR_EXPIRY_MALFORMED', facts: { lastTradeDate: text } }),
    )
  },
)

it('warns before a pinned contract ends, and says when it has', () => {
  const expiry = parseExpiry('20250620 08:30', 'US/Central')
  const notice = (iso: string) => expiryNotice(expiry, us(iso), { warnDays: 8, timeZoneId: 'US/Central' })
  expect(notice('2025-06-11T23:59-05:00')).toEqual({ level: 'fine', daysLeft: 9 })
  expect(notice('2025-06-12T00:00-05:00')).toEqual({ level: 'expiring', daysLeft: 8 })
  expect(notice('2025-06-20T08:29-05:00')).toEqual({ level: 'expiring', daysLeft: 0 })
  expect(notice('2025-06-20T08:30-05:00')).toEqual({ level: 'expired', daysLeft: 0 })
  expect(notice('2025-06-22T08:30-05:00')).toEqual({ level: 'expired', daysLeft: -2 })
})
