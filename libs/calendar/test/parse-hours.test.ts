import { describe, expect, it } from '@jest/globals'
import { parseHours } from '../src/parse-hours.ts'

const at = (date: string, minute: number) => ({ date, minute })
const read = (text: string) => parseHours(text, 'tradingHours')

describe('forms that IB sends', () => {
  it('reads dates with hours and closed dates', () => {
    expect(read('20221229:0400-20221229:2000;20221231:CLOSED')).toEqual({
      spans: [{ date: '2022-12-29', start: at('2022-12-29', 240), end: at('2022-12-29', 1200) }],
      closed: ['2022-12-31'],
    })
  })

  it('puts an evening start under the date on which it ends', () => {
    expect(read('20250521:1700-20250522:1600').spans).toEqual([
      { date: '2025-05-22', start: at('2025-05-21', 1020), end: at('2025-05-22', 960) },
    ])
  })

  it.each([
    '20251124:0930-20251124:1200,20251124:1300-20251124:1600',
    '20251124:0930-20251124:1200;20251124:1300-20251124:1600',
    '20251124:0930-1200,1300-1600',
    ' 20251124:0930-1200 , 1300-20251124:1600; ',
  ])('reads several spans a day: %s', (text) => {
    expect(read(text).spans).toEqual([
      { date: '2025-11-24', start: at('2025-11-24', 570), end: at('2025-11-24', 720) },
      { date: '2025-11-24', start: at('2025-11-24', 780), end: at('2025-11-24', 960) },
    ])
  })

  it('reads the old form, whose date is the trading date: 17:00 is the evening before', () => {
    expect(read('20121021:CLOSED;20121023:1700-1515,1530-1600')).toEqual({
      spans: [
        { date: '2012-10-23', start: at('2012-10-22', 1020), end: at('2012-10-23', 915) },
        { date: '2012-10-23', start: at('2012-10-23', 930), end: at('2012-10-23', 960) },
      ],
      closed: ['2012-10-21'],
    })
  })

  it.each(['20250521:0000-20250522:0000', '20250521:0000-20250521:2400', '20250521:0000-2400', '20250521:0000-0000'])(
    'counts midnight to the day that ends: %s',
    (text) => expect(read(text).spans[0]?.date).toBe('2025-05-21'),
  )

  it('counts a night that ends on a closed date to the next date with hours', () => {
    const told = read('20250523:1630-20250524:0600;20250524:CLOSED;20250525:CLOSED;20250526:0845-20250526:1545')
    expect(told.spans.map(({ date }) => date)).toEqual(['2025-05-26', '2025-05-26'])
  })

  it('takes an empty string as nothing told', () => expect(read('')).toEqual({ spans: [], closed: [] }))
})

it.each([
  ['20250521', 'an entry begins'],
  ['CLOSED', 'an entry begins'],
  ['2025521:0930-1600', 'an entry begins'],
  ['20250230:CLOSED', 'an entry begins'],
  ['20250521:SHUT', 'HHMM-HHMM'],
  ['20250521:', 'HHMM-HHMM'],
  ['20250521:930-1600', 'HHMM-HHMM'],
  ['20250521:0930-1600,', 'HHMM-HHMM'],
  ['20250521:0930-20250231:1600', 'does not exist'],
  ['20250521:0930-20250521:2401', 'beyond 2400'],
  ['20250521:0960-20250521:1700', 'beyond 2400'],
  ['20250521:1600-20250521:0930', 'ends before it begins'],
  ['20250521:CLOSED;21250521:CLOSED', 'days apart'],
])('refuses %j and names field, entry and rule', (text, rule) => {
  const wanted = { code: 'IBS_CALENDAR_HOURS_MALFORMED', facts: { field: 'liquidHours', entry: text, rule: expect.stringContaining(rule) } }
  expect(() => parseHours(text, 'liquidHours')).toThrow(expect.objectContaining(wanted))
})
