import { expect, it } from '@jest/globals'
import { barOf } from '../../src/output/progress-bar.ts'

it('says share, rates and the time left', () => {
  const progress = { done: 30_000_000, total: 120_000_000, bytes: 30_000_000, ticks: 60_000, more: '2 faults' }
  expect(barOf(progress, 3_000)).toBe('[########----------------------]  25 %  10.0 MB/s  20,000 ticks/s  0:09 left  2 faults')
  expect(barOf({ ...progress, total: 120_000_000_000 }, 3_000)).toContain('3:19:57 left')
  expect(barOf({ done: 5, ticks: 5 }, 1_000)).toBe('5 ticks/s')
})
