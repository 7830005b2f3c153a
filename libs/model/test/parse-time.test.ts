import { expect, test } from '@jest/globals'
import { endOfSecond, parseDuration, parseTime } from '../src/parse-time.ts'
import { isoFromUs, US_PER_HOUR, US_PER_SECOND } from '../src/time.ts'

test.each([
  ['2025-07-30T14:00:00Z', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30T14:00:00z', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30 14:00:00Z', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30T14:00Z', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30Z', '2025-07-30T00:00:00.000000Z'],
  ['2025-07-30T16:00:00+02:00', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30T16:00:00 02:00', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30T10:00:00-0400', '2025-07-30T14:00:00.000000Z'],
  ['2025-07-30T19:30:00.25+05:30', '2025-07-30T14:00:00.250000Z'],
  ['2025-07-30T14:00:00.7775429Z', '2025-07-30T14:00:00.777542Z'],
  ['1753884000', '2025-07-30T14:00:00.000000Z'],
  ['1753884000.5', '2025-07-30T14:00:00.500000Z'],
  ['1753884000123', '2025-07-30T14:00:00.123000Z'],
  ['1753884000123456', '2025-07-30T14:00:00.123456Z'],
  ['0', '1970-01-01T00:00:00.000000Z'],
])('time %s is %s', (text, iso) => {
  const { us } = parseTime(text)
  expect(us === undefined ? us : isoFromUs(us)).toBe(iso)
})

test.each([
  ['', 'is no time'],
  ['yesterday', 'is no time'],
  ['-5', 'is no time'],
  ['2025-07-30T14:00:00', 'zone'],
  ['2025-07-30', 'zone'],
  ['2025-02-30T00:00:00Z', 'calendar'],
  ['2025-07-30T24:30:00Z', 'calendar'],
  ['2025-07-30T14:00:60Z', 'calendar'],
  ['2025-07-30T14:00:00+15:00', 'offset'],
  ['2025-07-30T14:00:00+02:61', 'offset'],
  ['1969-12-31T23:59:59Z', '1970'],
  ['9999999999999999', '2255'],
])('time %s is refused: %s', (text, problem) => {
  expect(parseTime(text)).toEqual({ problem: expect.stringContaining(problem) })
})

test.each([
  ['1h', US_PER_HOUR],
  ['2h30m', 2.5 * US_PER_HOUR],
  ['30s', 30 * US_PER_SECOND],
  ['1d', 24 * US_PER_HOUR],
  ['1w', 168 * US_PER_HOUR],
  ['90m', 1.5 * US_PER_HOUR],
])('duration %s is %d µs', (text, us) => {
  expect(parseDuration(text)).toEqual({ us })
})

test.each(['', '5', '0s', 'h', '1h1h', '30m2h', '-1h', '1.5h', '1 h', '999999999w'])('duration "%s" is refused', (text) => {
  expect(parseDuration(text).problem).toBeDefined()
})

test('an open end holds the current second and nothing after it', () => {
  expect(endOfSecond(5 * US_PER_SECOND)).toBe(6 * US_PER_SECOND)
  expect(endOfSecond(6 * US_PER_SECOND - 1)).toBe(6 * US_PER_SECOND)
})
