import { expect, test } from '@jest/globals'
import { TokenBucket } from '../../src/safety/token-bucket.ts'

test('lets so many through at once and so many a second after, and says how long to wait', () => {
  let nowMs = 0
  const bucket = new TokenBucket({ most: 3, perSecond: 2 }, () => nowMs)
  expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false])
  expect(bucket.waitMs).toBe(500)
  nowMs = 500
  expect([bucket.take(), bucket.take()]).toEqual([true, false])
  nowMs = 60_000
  expect(bucket.isFull).toBe(true)
  expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false])
})
