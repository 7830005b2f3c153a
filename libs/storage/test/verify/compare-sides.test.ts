import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sealedDayPath, sealedHourPath } from '../../src/layout/sealed-path.ts'
import { compareBackends } from '../../src/verify/compare.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf } from '../parquet/archive-world.ts'
import { CID, fileAt, recordOf, recordTree, START_US, tickAt } from '../recorded-tree.ts'

const TICKS = 60
const PER_HOUR = 2
const DAY = { cid: CID, tt: 'bid_ask', dayUs: START_US - (START_US % US_PER_DAY) } as const
const NEXT_DAY = { ...DAY, dayUs: DAY.dayUs + US_PER_DAY }
const HOUR_US = NEXT_DAY.dayUs + 3 * US_PER_HOUR
const HOUR = { cid: CID, tt: 'bid_ask', hourUs: HOUR_US }

let recorded = ''
beforeAll(async () => {
  recorded = await mkdtemp(join(tmpdir(), 'ibs-archive-'))
  await new ArchiveWorld(recorded, logOf(TICKS)).live()
  await recordTree(recorded, { ticks: TICKS, perHour: PER_HOUR })
}, 120_000)
afterAll(() => rm(recorded, { recursive: true }))

async function copied() {
  const at = await temporaryDataDir()
  await cp(recorded, at.dataDir, { recursive: true })
  const compare = (...backends: ['json' | 'pb' | 'parquet', 'json' | 'pb' | 'parquet']) =>
    compareBackends({ dataDir: at.dataDir, backends })
  return Object.assign(at, { in: (path: string) => join(at.dataDir, path), compare })
}

describe('compare with the archive', () => {
  it.each(['json', 'pb'] as const)('finds %s and sealed files of one log alike, whichever is first', async (backend) => {
    await using at = await copied()
    const [one, other] = [await at.compare(backend, 'parquet'), await at.compare('parquet', backend)]
    expect(one).toMatchObject({ differences: [] })
    expect(other).toEqual(one)
    expect(one.hours).toBeGreaterThan(40)
    expect(one.ticks).toBeGreaterThan(50)
  })

  it('names what only open files have, and their damage', async () => {
    await using at = await copied()
    const hour = (HOUR_US - START_US) / US_PER_HOUR
    const extra = { ...tickAt(1, PER_HOUR), ts: HOUR_US + 5 }
    await appendFile(at.in(fileAt('json', hour)), recordOf('json', extra))
    await appendFile(at.in(fileAt('json', hour)), '{"ts":1')
    expect((await at.compare('json', 'parquet')).differences).toMatchObject([{ ...HOUR, only: [1, 0], unreadable: [1, 0] }])
  })

  it('finds an hour that the archive lacks, and one that open files lack', async () => {
    await using at = await copied()
    await rm(at.in(sealedHourPath(NEXT_DAY, HOUR_US)))
    expect((await at.compare('parquet', 'json')).differences).toMatchObject([{ ...HOUR, ticks: [0, expect.any(Number)] }])
    expect((await at.compare('json', 'pb')).differences).toEqual([])
    await rm(at.in(fileAt('pb', 0)))
    expect((await at.compare('pb', 'parquet')).differences).toMatchObject([
      { cid: CID, tt: 'bid_ask', hourUs: START_US, ticks: [0, expect.any(Number)] },
      HOUR,
    ])
  })

  it.each([
    ['pages', 40],
    ['footer', -40],
  ])('counts damage in the %s of a sealed file, in each hour that it may hold', async (_what, place) => {
    await using at = await copied()
    const path = at.in(sealedDayPath(DAY))
    const bytes = await readFile(path)
    bytes.fill(0, place < 0 ? bytes.length + place : place, place < 0 ? bytes.length - 10 : place + 200)
    await writeFile(path, bytes)
    const { differences } = await at.compare('json', 'parquet')
    expect(differences.length).toBeGreaterThan(5)
    for (const each of differences) expect(each).toMatchObject({ cid: CID, tt: 'bid_ask', unreadable: [0, 1] })
  })
})
