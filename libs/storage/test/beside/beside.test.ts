import { describe, expect, it } from '@jest/globals'
import { temporaryDataDir } from '../data-dir.ts'
import { readBesideWriters } from './beside.ts'
import { assertSame } from './judge.ts'
import { CIDS, tickAt } from './log.ts'

/** More for a longer run: `IB_STREAM_BESIDE_SECONDS=60`, or `node libs/storage/test/beside/run.ts 60`. */
const SECONDS = Number(process.env.IB_STREAM_BESIDE_SECONDS || 15)

describe('readers beside writers, late ticks, changes of owner and retention', () => {
  it(
    'get at each moment the answer of a model at the position that they are told',
    async () => {
      await using at = await temporaryDataDir()
      const report = await readBesideWriters(at.dataDir, SECONDS)
      expect(report.answers).toBeGreaterThan(3 * SECONDS)
      expect(report.ticks).toBeGreaterThan(report.answers)
      for (const much of [report.slow, report.removedFiles, report.removedHours, report.owners - 4]) expect(much).toBeGreaterThan(0)
      expect(report.unstable).toBeLessThan(report.answers / 5)
    },
    (SECONDS + 60) * 1_000,
  )

  it('are held to it: a tick that is missing, there twice, changed or moved is seen', () => {
    const ticks = Array.from({ length: 5 }, (_, n) => tickAt(CIDS[0], n + 1))
    const [first, second, ...rest] = ticks as [(typeof ticks)[0], (typeof ticks)[0], ...typeof ticks]
    assertSame(ticks, ticks, 'same')
    for (const wrong of [
      [first, ...rest],
      [first, first, second, ...rest],
      [second, first, ...rest],
      [{ ...first, ts: first.ts + 1 }, second, ...rest],
      ticks.slice(0, -1),
    ]) {
      expect(() => assertSame(wrong, ticks, 'wrong')).toThrow('wrong: tick')
    }
  })
})
