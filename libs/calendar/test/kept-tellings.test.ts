import { expect, it } from '@jest/globals'
import { calendarOf, type HoursTelling, keepTelling, schedule } from '../src/index.ts'

const day = (date: string, hours: string) =>
  hours === 'CLOSED' ? `${date}:CLOSED` : `${date}:${hours.split('-')[0]}-${date}:${hours.split('-')[1]}`
/** A share: open 09:30 to 16:00 but where it is said otherwise. */
const telling = (...days: readonly (string | readonly [date: string, hours: string])[]): HoursTelling => {
  const hours = days.map((entry) => (typeof entry === 'string' ? day(entry, '0930-1600') : day(...entry))).join(';')
  return { timeZoneId: 'US/Eastern', tradingHours: hours, liquidHours: hours }
}

const THANKSGIVING = telling('20251124', '20251125', '20251126', ['20251127', 'CLOSED'], ['20251128', '0930-1300'])
const AFTER = telling(['20251128', '0930-1300'], ['20251129', 'CLOSED'], ['20251130', 'CLOSED'], '20251201', '20251202')
const LATER = telling('20251215', '20251216')

const told = (calendar: ReturnType<typeof calendarOf>, from: string, days: number) =>
  schedule(calendar, from, days).map(({ date, status }) => `${date} ${status}`)

it('remembers a holiday and a half-day of weeks ago', () => {
  const kept = [AFTER].reduce(keepTelling, keepTelling([], THANKSGIVING))
  expect(kept).toHaveLength(1)
  const calendar = calendarOf({ ...LATER, toldBefore: kept })
  expect(told(calendar, '2025-11-26', 3)).toEqual(['2025-11-26 open', '2025-11-27 closed', '2025-11-28 open'])
  const halfDay = schedule(calendar, '2025-11-28', 1)[0]
  expect(JSON.stringify(halfDay)).toContain(String(Date.parse('2025-11-28T13:00:00-05:00') * 1_000))
})

it('does not take a hole between two tellings for closed days', () => {
  const kept = keepTelling(keepTelling([], THANKSGIVING), LATER)
  expect(kept).toHaveLength(2)
  expect(told(calendarOf({ ...LATER, toldBefore: kept }), '2025-12-05', 1)).toEqual(['2025-12-05 unknown'])
})

it('takes the later word on a day that was told twice', () => {
  const changed = telling('20251126', ['20251127', 'CLOSED'], ['20251128', 'CLOSED'])
  const kept = keepTelling(keepTelling([], THANKSGIVING), changed)
  expect(told(calendarOf({ ...LATER, toldBefore: kept }), '2025-11-27', 2)).toEqual(['2025-11-27 closed', '2025-11-28 closed'])
})

it('joins evening sessions by their trading date', () => {
  const cme = (hours: string): HoursTelling => ({ timeZoneId: 'US/Central', tradingHours: hours, liquidHours: hours })
  const first = cme('20250521:1700-20250522:1600;20250522:1700-20250523:1600;20250524:CLOSED')
  const second = cme('20250524:CLOSED;20250525:1700-20250526:1200;20250526:1700-20250527:1600')
  const [kept, ...others] = keepTelling(keepTelling([], first), second)
  expect(others).toEqual([])
  expect(kept?.tradingHours.split(';')).toHaveLength(5)
})

it('begins a new string before one is longer than IB could tell, and lets the oldest go', () => {
  const days = Array.from({ length: 2_200 }, (_, i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10).replaceAll('-', ''))
  let kept: HoursTelling[] = []
  for (let i = 0; i + 40 <= days.length; i += 30) kept = keepTelling(kept, telling(...days.slice(i, i + 40)))
  expect(kept).toHaveLength(4)
  expect(() => calendarOf({ ...LATER, toldBefore: kept })).not.toThrow()
})

it('keeps nothing of a contract of which IB tells no hours', () => {
  expect(keepTelling([THANKSGIVING], { timeZoneId: '', tradingHours: '', liquidHours: '' })).toEqual([THANKSGIVING])
})
