import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { filterOf } from '../../src/query/read-segment.ts'
import { surveyOf } from '../../src/query/survey.ts'
import { stretchesOf, windowsOf } from '../../src/query/windows.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { openedFile } from './opened-file.ts'
import { second } from './range-on-disk.ts'

describe('windows of a file that is not sorted', () => {
  it('property: hold every tick once, in order of time, and none more than it may but of one stamp', async () => {
    const stamps = fc.array(fc.tuple(fc.oneof(fc.constant(5), fc.nat(3_599)), fc.nat(20)), { minLength: 1, maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(stamps, fc.integer({ min: 1, max: 12 }), async (pairs, mostRows) => {
        await using at = await temporaryDataDir()
        const ticks = pairs.map(([ts, st], n) => tickAt(n, { ts: second(ts), st: second(ts) + st }))
        await using file = await openedFile(at.dataDir, ticks)
        const windows = await windowsOf(file, await surveyOf(file), filterOf(file.read, file.context), mostRows)
        let inWindows = 0
        let before = -1
        for (const { filter, oneStamp } of windows) {
          const inside = ticks.filter(({ ts, st }) => ts >= filter.fromTs && ts < filter.toTs && st >= filter.fromSt && st < filter.toSt)
          inWindows += inside.length
          if (oneStamp) expect(new Set(inside.map(({ ts, st }) => `${ts} ${st}`)).size).toBeLessThanOrEqual(1)
          else expect(inside.length).toBeLessThanOrEqual(mostRows)
          expect(filter.fromTs).toBeGreaterThanOrEqual(before)
          before = filter.fromTs
        }
        expect(inWindows).toBe(ticks.length)
      }),
      { numRuns: 60 },
    )
  })

  it('look only at stretches that may hold their time, and at those of which nothing is known', () => {
    const stretch = (minTs: number, maxTs: number, count = 1) => ({ fromBytes: 0, toBytes: 1, count, minTs, maxTs })
    const stretches = [stretch(0, 9), stretch(10, 19), stretch(20, 29), stretch(0, 0, 0)]
    const filter = { fromTs: 10, toTs: 20, fromSt: 0, toSt: 1 }
    expect(stretchesOf({ sorted: true, plain: true, stretches }, filter)).toEqual([stretches[1], stretches[3]])
  })
})
