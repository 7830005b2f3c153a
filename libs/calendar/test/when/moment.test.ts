import { isoFromUs, US_PER_SECOND } from '@ib-stream/model'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MOMENT_WORDS, parseMoment } from '../../src/when/moment.ts'

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
])('%s is %s', (text, iso) => {
  const { value } = parseMoment(text)
  expect(value?.kind === 'instant' ? isoFromUs(value.us) : value).toBe(iso)
})

test.each([
  ['', 'is no time'],
  ['yesterday', 'is no time'],
  ['-5', 'is no time'],
  ['2025-02-30T00:00:00Z', 'calendar'],
  ['2025-07-30T24:30:00Z', 'calendar'],
  ['2025-07-30T14:00:60Z', 'calendar'],
  ['2025-07-30T14:00:00+15:00', 'offset'],
  ['2025-07-30T14:00:00+02:61', 'offset'],
  ['1969-12-31T23:59:59Z', '1970'],
  ['1969-12-31', '1970'],
  ['9999-01-01T00:00', '2255'],
  ['9999999999999999', '2255'],
])('%s is refused: %s', (text, problem) => {
  expect(parseMoment(text)).toEqual({ problem: expect.stringContaining(problem) })
})

test('a time without its zone is kept as wall time', () => {
  const value = { kind: 'local', date: '2025-07-30', minute: 570, restUs: 1_500_000 }
  expect(parseMoment('2025-07-30T09:30:01.5')).toEqual({ value })
  expect(parseMoment('2025-07-30')).toEqual({ value: { ...value, minute: 0, restUs: 0 } })
})

test('words are read in any case, with - or _', () => {
  for (const word of MOMENT_WORDS)
    expect(parseMoment(` ${word.toUpperCase().replace('_', '-')} `)).toEqual({ value: { kind: 'word', word } })
})

const someUs = fc.integer({ min: 100_000_000_000_000, max: 9_000_000_000_000_000 })

test('property: one moment, however it is written', () => {
  fc.assert(
    fc.property(someUs, fc.integer({ min: -840, max: 840 }), (us, offsetMinutes) => {
      const sign = offsetMinutes < 0 ? '-' : '+'
      const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
      const offset = `${sign}${two(Math.abs(offsetMinutes) / 60)}:${two(Math.abs(offsetMinutes) % 60)}`
      const wall = isoFromUs(us + offsetMinutes * 60 * US_PER_SECOND).slice(0, -1)
      for (const text of [isoFromUs(us), String(us), `${wall}${offset}`]) {
        expect(parseMoment(text)).toEqual({ value: { kind: 'instant', us } })
      }
    }),
  )
})

test('property: any text gives a moment that can be counted with, or a problem', () => {
  const digits = fc.stringMatching(/^[\d.:TZ +-]{0,32}$/)
  fc.assert(
    fc.property(fc.oneof(fc.string(), digits), (text) => {
      const { value, problem } = parseMoment(text)
      expect(problem === undefined).toBe(value !== undefined)
      if (value?.kind === 'instant') expect(Number.isSafeInteger(value.us) && value.us >= 0).toBe(true)
    }),
  )
})
