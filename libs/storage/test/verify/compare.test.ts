import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { encodeTickJson } from '../../src/codec/json.ts'
import { compareBackends } from '../../src/verify/compare.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, fileAt, openStore, recordOf, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'

const PER_HOUR = 30
const HOUR_2 = { cid: CID, tt: 'bid_ask', hourUs: START_US + 2 * 3_600_000_000 }

async function recorded() {
  const at = await temporaryDataDir()
  await recordTree(at.dataDir, { ticks: 6 * PER_HOUR, perHour: PER_HOUR })
  return Object.assign(at, {
    in: (path: string) => join(at.dataDir, path),
    compare: () => compareBackends({ dataDir: at.dataDir, backends: ['json', 'pb'] }),
  })
}

describe('compare', () => {
  it('finds two backends of one log alike, in every closed hour', async () => {
    await using at = await recorded()
    const report = await at.compare()
    expect(report).toMatchObject({ differences: [], openHours: 2 })
    expect(report.ticks).toBeGreaterThan(4 * PER_HOUR)
  })

  it('names what only one has, and how much cannot be read', async () => {
    await using at = await recorded()
    const extra = tickAt(2 * PER_HOUR + 4, PER_HOUR)
    await appendFile(at.in(fileAt('json', 2)), recordOf('json', extra))
    await appendFile(at.in(fileAt('json', 2)), '{"ts":1')
    expect((await at.compare()).differences).toMatchObject([
      { ...HOUR_2, only: [1, 0], unreadable: [1, 0], example: encodeTickJson(extra) },
    ])
  })

  it('finds an hour that one lacks', async () => {
    await using at = await recorded()
    const lines = (await readFile(at.in(fileAt('json', 2)), 'utf8')).split('\n').length - 1
    await rm(at.in(fileAt('pb', 2)))
    expect((await at.compare()).differences).toMatchObject([{ ...HOUR_2, ticks: [lines, 0], only: [lines, 0] }])
  })

  it('finds the same ticks in another order', async () => {
    await using at = await recorded()
    const path = at.in(fileAt('json', 2))
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    await writeFile(path, `${lines.reverse().join('\n')}\n`)
    expect((await at.compare()).differences).toMatchObject([{ ...HOUR_2, only: [0, 0] }])
  })

  it('finds protobuf cut at every byte of its last record', async () => {
    await using at = await recorded()
    const path = at.in(fileAt('pb', 2))
    const whole = await readFile(path)
    for (let bytes = whole.length - 1; bytes > whole.length - 60; bytes--) {
      await truncate(path, bytes)
      const [difference] = (await at.compare()).differences
      expect(difference?.only[0]).toBeGreaterThanOrEqual(1)
    }
  })

  it('takes an hour for open that one backend has a late tick of, and the other not yet', async () => {
    await using at = await recorded()
    await using store = await openStore(at.dataDir, 'json')
    const late = { ...tickAt(2 * PER_HOUR + 4, PER_HOUR), st: store.newestStUs + 1 }
    takeTick(store, 'json', store.seq + 1, late)
    await store.commitVisible()
    expect(await at.compare()).toMatchObject({ differences: [], openHours: 3 })
  })
})
