import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { US_PER_DAY } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeTickJson } from '../../src/codec/json.ts'
import { sealedDayPath } from '../../src/layout/sealed-path.ts'
import { repair } from '../../src/repair/repair.ts'
import { verify } from '../../src/verify/verify.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf } from '../parquet/archive-world.ts'
import { CID, fileAt, recordTree, START_US } from '../recorded-tree.ts'

const TICKS = 60
const PER_HOUR = 2
/** A quote of its first second came three hours later, behind one of its second half. */
const LATE_HOUR = 17
const TIMEOUT_MS = 120_000
const DAY_FILE = sealedDayPath({ cid: CID, tt: 'bid_ask', dayUs: START_US - (START_US % US_PER_DAY) })

let recorded = ''
beforeAll(async () => {
  recorded = await mkdtemp(join(tmpdir(), 'ibs-archive-'))
  await new ArchiveWorld(recorded, logOf(TICKS)).live()
  await recordTree(recorded, { ticks: TICKS + 30, perHour: PER_HOUR })
}, TIMEOUT_MS)
afterAll(() => rm(recorded, { recursive: true }))

/** The open files of an hour of a sealed day, and of one that is still sealed by itself. */
const hourFiles = (hour: number): string[] => [fileAt('json', hour), fileAt('pb', hour)]

async function copied() {
  const at = await temporaryDataDir()
  await cp(recorded, at.dataDir, { recursive: true })
  return Object.assign(at, { in: (path: string) => join(at.dataDir, path) })
}

const zero = async (path: string): Promise<void> => writeFile(path, (await readFile(path)).fill(0, 10, 60))

describe('repair of open files with the archive alone', () => {
  it.each<[string, number, (path: string) => Promise<unknown>]>([
    ['zeroes, of an hour in the file of its day', 2, zero],
    ['zeroes, of an hour sealed by itself', 26, zero],
    ['the loss of the file', 2, (path) => rm(path)],
  ])('restores exactly the bytes of both backends after %s', async (_what, hour, spoil) => {
    await using at = await copied()
    for (const path of hourFiles(hour)) await spoil(at.in(path))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.map(({ path, did, detail }) => ({ path, did, detail }))).toEqual([
      { path: fileAt('json', hour), did: 'restored', detail: 'the ticks of the archive give its sum' },
      { path: fileAt('pb', hour), did: 'restored', detail: expect.stringMatching(/^the ticks of .* give its sum$/) },
    ])
    for (const path of hourFiles(hour)) expect(await readFile(at.in(path))).toEqual(await readFile(join(recorded, path)))
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
  })

  it('takes nothing that does not give the sum, and nothing of an archive that is damaged itself', async () => {
    await using at = await copied()
    for (const path of hourFiles(2)) await zero(at.in(path))
    await zero(at.in(DAY_FILE))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.filter(({ detail }) => detail.includes('the archive give'))).toEqual([])
    expect(outcomes.map(({ path }) => path)).toEqual(expect.arrayContaining([...hourFiles(2), DAY_FILE]))
  })

  it('writes ticks in the order of the log, though the archive has them in that of IB', async () => {
    await using at = await copied()
    const lines = (await readFile(at.in(fileAt('json', LATE_HOUR)), 'utf8')).trimEnd().split('\n')
    const stamps = lines.map((line) => decodeTickJson(line).ts)
    expect(stamps).not.toEqual(stamps.toSorted((a, b) => a - b))
    for (const path of hourFiles(LATE_HOUR)) await rm(at.in(path))
    await repair({ dataDir: at.dataDir })
    for (const path of hourFiles(LATE_HOUR)) expect(await readFile(at.in(path))).toEqual(await readFile(join(recorded, path)))
  })
})
