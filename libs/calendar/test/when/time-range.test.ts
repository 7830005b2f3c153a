import { isoFromUs, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { contractCalendar } from '../../src/index.ts'
import { parseSession } from '../../src/when/asked-session.ts'
import { MOMENT_WORDS, parseMoment } from '../../src/when/moment.ts'
import { type AskedRange, isRange, resolveRange } from '../../src/when/time-range.ts'
import { parseZone } from '../../src/when/zone.ts'
import { FUTURE, STOCK, us } from '../tellings.ts'

const stock = contractCalendar(STOCK)
const future = contractCalendar(FUTURE)
/** Wednesday, in the session. */
const NOW = us('2025-11-26T14:00:00.250-05:00')

const moment = (text: string) => parseMoment(text).value
const zone = (text: string) => parseZone(text).value
const session = (text: string) => parseSession(text).value

/** The range in ISO, or what is wrong. */
function of(asked: AskedRange, nowUs = NOW, calendar = stock): string {
  const answer = resolveRange(asked, { nowUs, calendar })
  return isRange(answer) ? `${short(answer.startUs)} ${short(answer.endUs)}` : `${answer.field}: ${answer.why}`
}
const short = (at: number) => isoFromUs(at).slice(5, 19)

test('nothing is the last hour, up to the end of the current second', () => {
  expect(of({})).toBe('11-26T18:00:01 11-26T19:00:01')
})

test('a length runs from the start, before the end, or until now', () => {
  const start = moment('2025-11-26T10:00Z')
  expect(of({ durationUs: 60 * US_PER_SECOND })).toBe('11-26T18:59:01 11-26T19:00:01')
  expect(of({ start })).toBe('11-26T10:00:00 11-26T19:00:01')
  expect(of({ end: start })).toBe('11-26T09:00:00 11-26T10:00:00')
  expect(of({ start, durationUs: US_PER_HOUR })).toBe('11-26T10:00:00 11-26T11:00:00')
  expect(of({ end: start, durationUs: US_PER_HOUR / 2 })).toBe('11-26T09:30:00 11-26T10:00:00')
  expect(of({ start, end: moment('2025-11-26T11:00Z') })).toBe('11-26T10:00:00 11-26T11:00:00')
  expect(of({ end: moment('now') })).toBe('11-26T18:00:01 11-26T19:00:01')
})

test('what makes no range says which part is wrong', () => {
  const start = moment('2025-11-26T10:00Z')
  expect(of({ start, end: start, durationUs: 1 })).toBe('durationUs: contradiction')
  expect(of({ start, end: start })).toBe('end: contradiction')
  expect(of({ start: moment('2100-01-01Z') })).toBe('start: contradiction')
  expect(of({ start, session: session('current') })).toBe('start: contradiction')
  expect(of({ start: moment('2025-11-26T10:00') })).toBe('start: needs_zone')
})

test('wall time is read in its zone, that of the exchange among them', () => {
  const asked = { start: moment('2025-11-26T09:30'), end: moment('2025-11-26T09:31:30.5') }
  expect(of({ ...asked, zone: zone('America/New_York') })).toBe('11-26T14:30:00 11-26T14:31:30')
  expect(of({ ...asked, zone: zone('europe/berlin') })).toBe('11-26T08:30:00 11-26T08:31:30')
  expect(of({ ...asked, zone: zone('exchange') })).toBe('11-26T14:30:00 11-26T14:31:30')
})

test('midnight and the start of the week are those of the zone, UTC by default', () => {
  const lateUtc = us('2025-11-26T02:00:00Z')
  expect(of({ start: moment('midnight') }, lateUtc)).toBe('11-26T00:00:00 11-26T02:00:01')
  expect(of({ start: moment('midnight'), zone: zone('America/New_York') }, lateUtc)).toBe('11-25T05:00:00 11-26T02:00:01')
  expect(of({ start: moment('week-start') }, lateUtc)).toBe('11-24T00:00:00 11-26T02:00:01')
  expect(of({ start: moment('week_start'), zone: zone('Asia/Tokyo') }, us('2025-11-23T16:00:00Z'))).toBe('11-23T15:00:00 11-23T16:00:01')
})

test('a session is its regular hours, or its full ones', () => {
  expect(of({ session: session('2025-11-26') })).toBe('11-26T14:30:00 11-26T21:00:00')
  expect(of({ session: session('2025-11-26'), hours: 'full' })).toBe('11-26T09:00:00 11-27T01:00:00')
  expect(of({ session: session('2025-11-28') })).toBe('11-28T14:30:00 11-28T18:00:00')
  expect(of({ session: session('2025-05-23'), hours: 'full' }, NOW, future)).toBe('05-22T22:00:00 05-23T21:00:00')
  expect(of({ session: session('2025-11-27') })).toBe('session: unknown')
})

test('the current session is the one that runs, or the newest that began; the previous one is before it', () => {
  expect(of({ session: session('current') })).toBe('11-26T14:30:00 11-26T21:00:00')
  expect(of({ session: session('previous') })).toBe('11-25T14:30:00 11-25T21:00:00')
  const holiday = us('2025-11-27T12:00-05:00')
  expect(of({ session: session('current') }, holiday)).toBe('11-26T14:30:00 11-26T21:00:00')
  expect(of({ start: moment('session_start') }, holiday)).toBe('11-26T14:30:00 11-27T17:00:01')
})

test('hours that IB did not tell are taken from its week, and say so', () => {
  const answer = resolveRange({ session: session('2025-07-30') }, { nowUs: NOW, calendar: stock })
  expect(answer).toEqual({
    startUs: us('2025-07-30T09:30-04:00'),
    endUs: us('2025-07-30T16:00-04:00'),
    session: { date: '2025-07-30', source: 'pattern' },
  })
})

test.each([
  ['in the session', '2025-11-26T14:00-05:00', '11-25T21:00:00'],
  ['after it, the same evening', '2025-11-26T21:00-05:00', '11-25T21:00:00'],
  ['before the next one, after midnight', '2025-11-26T03:00-05:00', '11-25T21:00:00'],
  ['on a holiday', '2025-11-27T12:00-05:00', '11-26T21:00:00'],
  ['at the weekend', '2025-11-29T12:00-05:00', '11-28T18:00:00'],
])('the close of yesterday, %s', (_when, now, close) => {
  expect(of({ start: moment('yesterday_close') }, us(now))).toMatch(new RegExp(`^${close} `))
})

test('an evening session counts to the day that it belongs to: the close before it is yesterday’s', () => {
  const wednesdayEvening = us('2025-05-21T18:00-05:00')
  expect(of({ start: moment('yesterday_close'), hours: 'full' }, wednesdayEvening, future)).toMatch(/^05-21T21:00:00 /)
  expect(of({ start: moment('yesterday_close'), hours: 'full' }, us('2025-05-26T08:00-05:00'), future)).toMatch(/^05-23T21:00:00 /)
})

test('says when the hours of the contract are needed, and what for', () => {
  for (const asked of [{ session: session('current') }, { start: moment('yesterday_close') }, { zone: zone('exchange') }]) {
    expect(resolveRange(asked, { nowUs: NOW })).toMatchObject({ why: 'needs_calendar', field: Object.keys(asked)[0] })
  }
  expect(isRange(resolveRange({ start: moment('midnight'), zone: zone('UTC') }, { nowUs: NOW }))).toBe(true)
})

test('a zone is an IANA name in any case, or exchange', () => {
  expect(zone('exchange')).toBe('exchange')
  for (const bad of ['', 'Mars/Phobos', 'UTC (1)', '+02:00', '../etc', 'x'.repeat(100)])
    expect(parseZone(bad)).toEqual({ problem: 'is no time zone' })
})

test('property: any question gives a range with its end after its start, or says what is wrong; it never throws', () => {
  const texts = fc.oneof(
    fc.constantFrom(...MOMENT_WORDS, '2025-11-26', '2025-11-26T09:30', '1753884000'),
    fc.integer({ min: 0, max: 9_000_000_000_000_000 }).map(String),
    fc.string(),
  )
  const asked = fc.record({
    start: fc.option(texts.map(moment), { nil: undefined }),
    end: fc.option(texts.map(moment), { nil: undefined }),
    durationUs: fc.option(fc.integer({ min: 1, max: 10 ** 15 }), { nil: undefined }),
    session: fc.option(fc.constantFrom('current', 'previous', '2025-11-26', '1990-01-01', '2199-12-31', '2025-11-27').map(session), {
      nil: undefined,
    }),
    hours: fc.constantFrom('regular', 'full', undefined),
    zone: fc.constantFrom(undefined, zone('exchange'), zone('Asia/Kolkata'), zone('UTC')),
  })
  const nows = fc.integer({ min: us('1995-01-01T00:00Z'), max: us('2150-01-01T00:00Z') })
  fc.assert(
    fc.property(asked, nows, fc.constantFrom(stock, future, undefined), (question, nowUs, calendar) => {
      const answer = resolveRange(question, { nowUs, calendar })
      if (isRange(answer)) expect(Number.isSafeInteger(answer.startUs) && answer.startUs >= 0 && answer.endUs > answer.startUs).toBe(true)
      else expect(answer.problem.length).toBeGreaterThan(0)
      if (calendar) expect(isRange(answer) || answer.why !== 'needs_calendar').toBe(true)
    }),
  )
})
