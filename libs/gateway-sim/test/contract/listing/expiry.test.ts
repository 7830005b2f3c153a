import { expect, it } from '@jest/globals'
import { frontExpiry } from '../../../src/contract/listing/expiry.ts'

it.each([
  ['2025-07-30', { day: '20250919', month: '202509', code: 'U5' }],
  ['2025-09-10', { day: '20250919', month: '202509', code: 'U5' }],
  ['2025-09-11', { day: '20251219', month: '202512', code: 'Z5' }],
  ['2025-12-15', { day: '20260320', month: '202603', code: 'H6' }],
])('on %s the front future is %j', (day, expiry) => {
  expect(frontExpiry(new Date(`${day}T12:00:00Z`))).toEqual(expiry)
})
