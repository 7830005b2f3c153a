import { expect, test } from '@jest/globals'
import { byteRangeOf } from '../../src/files/byte-range.ts'

test.each([
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=3-', { first: 3, last: 9 }],
  ['bytes=3-100', { first: 3, last: 9 }],
  ['bytes=-4', { first: 6, last: 9 }],
  ['bytes=-40', { first: 0, last: 9 }],
  ['bytes=9-9', { first: 9, last: 9 }],
  ['bytes=10-', 'outside'],
  ['bytes=10-20', 'outside'],
  ['bytes=-0', 'outside'],
])('of ten bytes %s is %j', (header, wanted) => {
  expect(byteRangeOf(header, 10)).toEqual(wanted)
})

test.each([
  undefined,
  '',
  'bytes',
  'bytes=',
  'bytes=-',
  'bytes=5-3',
  'bytes=0-1,3-4',
  'lines=0-1',
  'bytes=0x1-2',
  'bytes=1-9999999999999999',
])('without a range that is understood the whole file is meant: %s', (header) => {
  expect(byteRangeOf(header, 10)).toBeUndefined()
})

test('of no bytes every part is outside', () => {
  for (const header of ['bytes=0-', 'bytes=-1']) expect(byteRangeOf(header, 0)).toBe('outside')
})
