import { expect, it } from '@jest/globals'
import { parseInterval, prepareStudy } from '../src/index.ts'

it.each([
  ['1s', 'time', 1_000_000],
  ['30s', 'time', 30_000_000],
  ['1m', 'time', 60_000_000],
  [' 5m ', 'time', 300_000_000],
  ['4h', 'time', 14_400_000_000],
  ['1d', 'time', 86_400_000_000],
  ['366d', 'time', 31_622_400_000_000],
  ['500t', 'ticks', 500],
  ['10000v', 'volume', 10_000],
  ['0.25v', 'volume', 0.25],
])('%j is %s of %d', (text, unit, length) => expect(parseInterval(text)).toEqual({ unit, length }))

it.each(['', '1', 'm', '0m', '0.0v', '-1m', '1.5m', '1.5t', '1M', '1 m', '1m1s', '1w', '1e3t', '367d', 'NaNm', '9999999999999999t', '١m'])(
  '%j is none',
  (text) => {
    expect(parseInterval(text)).toBeUndefined()
    expect(() => prepareStudy('bars', { interval: text })).toThrow(
      expect.objectContaining({
        code: 'IBS_STUDIES_PARAMETER_INVALID',
        facts: expect.objectContaining({
          problems: [{ field: 'interval', value: text, rule: expect.stringContaining('30s, 1m, 4h, 1d') }],
        }),
      }),
    )
  },
)

it('bars are of a minute where nothing is said', () =>
  expect(prepareStudy('bars').parameters.interval).toEqual({ unit: 'time', length: 60_000_000 }))
