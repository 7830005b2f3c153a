import { expect, it } from '@jest/globals'
import { numberText } from '../../src/wire/number-text.ts'

it.each([
  [1e-8, '0.00000001'],
  [1.25e-7, '0.000000125'],
  [-5e-7, '-0.0000005'],
  [0.000001, '0.000001'],
  [0.00005, '0.00005'],
  [180.015, '180.015'],
  [-1, '-1'],
  [0, '0'],
])('writes %d as %s, without an exponent', (value, text) => {
  expect(numberText(value)).toBe(text)
})
