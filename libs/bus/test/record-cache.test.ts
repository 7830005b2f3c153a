import { describe, expect, it } from '@jest/globals'
import { RecordCache } from '../src/record-cache.ts'
import { range, record } from './support/lines.ts'

const cacheOf = (...numbers: number[]): RecordCache => {
  const cache = new RecordCache()
  cache.replaceBy(numbers.map((n) => record(n)))
  return cache
}
const numbers = (cache: RecordCache, n: number): number[] | undefined => cache.from(n, 1_000)?.map((one) => one.n)

describe('RecordCache', () => {
  it('gives what follows a number, and nothing where it has not got it', () => {
    const cache = cacheOf(...range(5, 9))
    expect(numbers(cache, 7)).toEqual([7, 8, 9])
    expect([numbers(cache, 4), numbers(cache, 10)]).toEqual([undefined, undefined])
  })

  it('regression: held a thousand confirmed messages of up to 64 KiB; now what is confirmed goes once it is half of what is here', () => {
    const cache = cacheOf(...range(1, 10))
    cache.forgetThrough(4)
    expect(numbers(cache, 1)).toEqual(range(1, 10))
    cache.forgetThrough(5)
    expect([numbers(cache, 5), numbers(cache, 6)]).toEqual([undefined, range(6, 10)])
    cache.forgetThrough(3) // said late
    expect(numbers(cache, 6)).toEqual(range(6, 10))
    cache.forgetThrough(10)
    expect(numbers(cache, 10)).toBeUndefined()
    cache.keep([record(11)], 11)
    expect(numbers(cache, 11)).toEqual([11])
  })

  it('forgets no unconfirmed message where the spool has a hole', () => {
    const cache = cacheOf(1, 2, 10, 11, 12)
    cache.forgetThrough(5)
    expect(numbers(cache, 10)).toEqual([10, 11, 12])
    cache.forgetThrough(10)
    expect(numbers(cache, 11)).toEqual([11, 12])
  })
})
