import { isoFromUs, parseTime, US_PER_SECOND } from '@ib-stream/model'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MOMENT_WORDS, parseMoment } from '../../src/when/moment.ts'

test.each(['2025-07-30T14:00:00Z', '2025-07-30T19:30:00.25+05:30', '1753884000', '1753884000123456'])(
  '%s is the instant that the model reads',
  (text) => {
    expect(parseMoment(text)).toEqual({ value: { kind: 'instant', us: parseTime(text).us } })
  },
)

test.each([
  ['yesterday', 'is no time'],
  ['2025-02-30T00:00:00Z', 'calendar'],
  ['1969-12-31', '1970'],
  ['9999-01-01T00:00', '2255'],
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
