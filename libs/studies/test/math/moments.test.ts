import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Moments } from '../../src/math/moments.ts'
import { sum } from '../naive/trades.ts'

const SECOND_US = 1_000_000

type Row = [atUs: number, weight: number, value: number]

function filled(windowUs: number, rows: readonly Row[]): Moments {
  const moments = new Moments(windowUs)
  for (const row of rows) moments.push(...row)
  return moments
}

function plain(rows: readonly Row[]) {
  const weight = sum(rows.map(([, w]) => w))
  const mean = sum(rows.map(([, w, x]) => w * x)) / weight
  return { count: rows.length, weight, mean, variance: sum(rows.map(([, w, x]) => w * (x - mean) ** 2)) / weight }
}

it('has mean and population variance by value, weighted', () => {
  const { count, weight, mean, variance } = filled(0, [
    [1, 1, 10],
    [2, 3, 14],
  ])
  expect({ count, weight, mean, variance }).toEqual({ count: 2, weight: 4, mean: 13, variance: 3 })
})

it('has no mean and no variance without a value', () => {
  const { count, weight, mean, variance } = new Moments(0)
  expect({ count, weight, mean, variance }).toEqual({ count: 0, weight: 0, mean: Number.NaN, variance: Number.NaN })
})

describe('a window of ten seconds', () => {
  const rows: Row[] = [
    [0, 1, 10],
    [5 * SECOND_US, 1, 20],
    [10 * SECOND_US, 1, 30],
  ]

  it('lets go what is exactly ten seconds old, and keeps what is a microsecond younger', () => {
    expect(filled(10 * SECOND_US, rows)).toMatchObject({ count: 2, mean: 25 })
    expect(filled(10 * SECOND_US + 1, rows)).toMatchObject({ count: 3, mean: 20 })
  })

  it('is empty once everything has expired, and starts anew', () => {
    const moments = filled(10 * SECOND_US, rows)
    moments.expire(60 * SECOND_US)
    expect([moments.count, moments.weight, moments.mean]).toEqual([0, 0, Number.NaN])
    moments.push(61 * SECOND_US, 2, 7)
    expect([moments.count, moments.weight, moments.mean, moments.variance]).toEqual([1, 2, 7, 0])
  })

  it('forgets all with a reset', () => {
    const moments = filled(10 * SECOND_US, rows)
    moments.reset()
    moments.push(11 * SECOND_US, 1, 5)
    expect([moments.count, moments.mean, moments.variance]).toEqual([1, 5, 0])
  })
})

it('has a variance of exactly 0 where all values are equal, also after others have left the window', () => {
  const same = Array.from({ length: 50 }, (_, i): Row => [(20 + i) * SECOND_US, 0.1, 180.01])
  expect(filled(0, same).variance).toBe(0)
  expect(filled(60 * SECOND_US, [[0, 1, 3], [1, 1, 1e6], ...same.map(([at, w, x]): Row => [at + 60 * SECOND_US, w, x])]).variance).toBe(0)
})

it('keeps its digits at a price of a million that moves by cents, over many turns of the window', () => {
  const rows = Array.from({ length: 20_000 }, (_, i): Row => [i * SECOND_US, 1 + (i % 5), 1e6 + (i % 7) / 100])
  const wanted = plain(rows.slice(-60))
  const { mean, variance } = filled(60 * SECOND_US, rows)
  expect(Math.abs(mean - wanted.mean)).toBeLessThan(1e-9)
  expect(Math.abs(variance / wanted.variance - 1)).toBeLessThan(1e-9)
})

it('property: equals the plain sums over the window', () => {
  const rows = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 900 }), fc.integer({ min: -3_000, max: 3_000 })),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  fc.assert(
    fc.property(rows, fc.constantFrom(0, 1, 5, 30), (steps, seconds) => {
      let at = 0
      const all = steps.map(([step, w, x]): Row => {
        at += step
        return [at * SECOND_US, w / 10, x / 100]
      })
      const inside = all.filter(([us]) => seconds === 0 || us > (at - seconds) * SECOND_US)
      const [wanted, got] = [plain(inside), filled(seconds * SECOND_US, all)]
      expect(got.count).toBe(wanted.count)
      expect(got.weight).toBeCloseTo(wanted.weight, 9)
      expect(got.mean).toBeCloseTo(wanted.mean, 9)
      expect(got.variance).toBeCloseTo(wanted.variance, 8)
    }),
  )
})
