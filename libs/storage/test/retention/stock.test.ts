import { stat, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isoFromUs, US_PER_DAY } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { retain } from '../../src/retention/retain.ts'
import { type StockFile, type StockQuery, takeStock } from '../../src/retention/stock.ts'
import { recordedOnce } from '../recorded-once.ts'
import { fileAt } from '../recorded-tree.ts'
import { jsonForADay } from '../retention-tree.ts'

const recording = recordedOnce()
const stockOf = async (dataDir: string, more: Partial<StockQuery> = {}): Promise<StockFile[]> =>
  (await Array.fromAsync(takeStock({ dataDir, backend: 'json', ...more }))).flat()

describe('the files that are there', () => {
  it('are all of the tree, the newest day first, with what of them counts and their ticks', async () => {
    const files = await stockOf(recording.dataDir)
    const days = files.map(({ hourUs }) => Math.floor(hourUs / US_PER_DAY))
    expect(days).toEqual(days.toSorted((a, b) => b - a))
    for (const { path, bytes, state, closed } of files) {
      expect([path, bytes]).toEqual([path, (await stat(join(recording.dataDir, path))).size])
      expect([path, closed !== undefined]).toEqual([path, state === 'closed'])
    }
    expect(files.reduce((sum, { ticks }) => sum + (ticks ?? Number.NaN), 0)).toBe(recording.ticks.length)
  })

  it('are those of a contract, and of the days that a range touches', async () => {
    const all = await stockOf(recording.dataDir)
    const cid = all[0]?.cid ?? 0
    expect(await stockOf(recording.dataDir, { cid })).toEqual(all.filter((file) => file.cid === cid))
    expect(await stockOf(recording.dataDir, { cid: 987_654 })).toEqual([])
    const startUs = Math.max(...all.map(({ hourUs }) => hourUs))
    const day = isoFromUs(startUs).slice(0, 10)
    const newest = await stockOf(recording.dataDir, { startUs, endUs: startUs + 1 })
    expect(newest).toEqual(all.filter(({ hourUs }) => isoFromUs(hourUs).startsWith(day)))
  })

  it('say where one is not as its manifest says; what is gone is none of them', async () => {
    await using at = await recording.copied()
    await truncate(at.in(fileAt('json', 1)), 10)
    await unlink(at.in(fileAt('json', 2)))
    const byPath = new Map((await stockOf(at.dataDir)).map((file) => [file.path, file]))
    expect(byPath.get(fileAt('json', 1))).toMatchObject({ state: 'differs', bytes: 10, ticks: undefined })
    expect(byPath.has(fileAt('json', 2))).toBe(false)
    await using other = await recording.copied()
    await retain(jsonForADay(other.dataDir))
    expect((await stockOf(other.dataDir)).map(({ path }) => path)).not.toContain(fileAt('json', 1))
  })
})
