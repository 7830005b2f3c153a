import { appendFile, cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareTicks, hourOf, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { sealedDayPath, sealedHourPath } from '../../src/layout/sealed-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { statePaths } from '../../src/layout/state-path.ts'
import { readFooter } from '../../src/parquet/sealed-file.ts'
import { repair, repairOn } from '../../src/repair/repair.ts'
import { type Disk, nodeDisk } from '../../src/segment/disk.ts'
import { readCheckpoint } from '../../src/segment/read-position.ts'
import { verify } from '../../src/verify/verify.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf, PARTITION } from '../parquet/archive-world.ts'
import { CID, openStore, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'
import { gatedDisk } from '../segment/failing-disk.ts'

/** A life takes a second, ten times as long on a machine that others use. */
const TIMEOUT_MS = process.env.IB_STREAM_EVERY_STEP ? 3_600_000 : 120_000

const TICKS = 60
const PER_HOUR = 2
/** A quote after those, of an hour that is sealed. */
const LATE = 62
/** The day that is one file, and the next one, of hours. */
const FIRST = { cid: CID, tt: 'bid_ask', dayUs: START_US - (START_US % US_PER_DAY) } as const
const SECOND = { ...FIRST, dayUs: FIRST.dayUs + US_PER_DAY }
const DAY_FILE = sealedDayPath(FIRST)
const HOUR_US = SECOND.dayUs + 3 * US_PER_HOUR
const HOUR_FILE = sealedHourPath(SECOND, HOUR_US)
/** The open files have a quote of it already that the archive has not got yet. */
const LATE_FILE = sealedHourPath(SECOND, hourOf(tickAt(LATE, PER_HOUR).ts))

let recorded = ''
beforeAll(async () => {
  recorded = await mkdtemp(join(tmpdir(), 'ibs-archive-'))
  await new ArchiveWorld(recorded, logOf(TICKS)).live()
  await recordTree(recorded, { ticks: TICKS + 30, perHour: PER_HOUR }) // further than the archive, so that its hours are closed
}, TIMEOUT_MS)
afterAll(() => rm(recorded, { recursive: true }))

async function copied() {
  const at = await temporaryDataDir()
  await cp(recorded, at.dataDir, { recursive: true })
  const inTree = (path: string) => join(at.dataDir, path)
  const archived = () => new ArchiveWorld(at.dataDir, []).read()
  return Object.assign(at, { in: inTree, archived, bytes: (path: string) => readFile(inTree(path)) })
}

const recordedBytes = (path: string): Promise<Buffer> => readFile(join(recorded, path))

const zero = async (path: string): Promise<void> => writeFile(path, (await readFile(path)).fill(0, 10, 100))

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  const place = at < 0 ? bytes.length + at : at
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
  await writeFile(path, bytes)
}

const allUpTo = (seq: number): { ticks: TickMessage[]; seq: number } => ({
  ticks: Array.from({ length: seq }, (_, n) => tickAt(n, PER_HOUR)).toSorted(compareTicks),
  seq,
})
const all = () => allUpTo(TICKS)

const footerOf = async (dataDir: string, path: string) => {
  const bytes = await readFile(join(dataDir, path))
  return (await readFooter({ path, sizeBytes: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) })).facts
}

/** All that the open files have of a day is taken away. */
async function withoutOpenFiles(dataDir: string, backends: readonly OwnBackend[]): Promise<void> {
  for (const backend of backends) await rm(join(dataDir, backend), { recursive: true })
}

describe('repair of sealed files', () => {
  it.each<[string, string, (path: string) => Promise<unknown>, string]>([
    ['zeroes in the pages of an hour', HOUR_FILE, zero, 'json'],
    ['zeroes in the pages of an hour that others are ahead of', LATE_FILE, zero, 'json'],
    ['zeroes in the pages of a day', DAY_FILE, zero, 'json'],
    ['a flipped bit in the magic word, where its rows are whole', HOUR_FILE, (path) => flip(path, 1), 'the file itself'],
  ])('restores exactly the bytes before %s, and keeps the damaged ones', async (_what, path, spoil, from) => {
    await using at = await copied()
    await spoil(at.in(path))
    const spoilt = await at.bytes(path)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([{ path, kind: 'changed', did: 'restored', detail: expect.stringContaining(` of ${from} give`) }])
    expect(await at.bytes(path)).toEqual(await recordedBytes(path))
    expect(await at.bytes(outcomes[0]?.keptIn ?? '')).toEqual(spoilt)
    expect(await at.archived()).toEqual(all())
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
  })

  it('restores one whose rows are whole without any other backend', async () => {
    await using at = await copied()
    await withoutOpenFiles(at.dataDir, ['json', 'pb'])
    await flip(at.in(DAY_FILE), 1)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.find(({ path }) => path === DAY_FILE)).toMatchObject({
      did: 'restored',
      detail: expect.stringContaining('the file itself'),
    })
    expect(await at.bytes(DAY_FILE)).toEqual(await recordedBytes(DAY_FILE))
  })

  it.each<[string, string, (path: string) => Promise<unknown>]>([
    ['a flipped bit in the footer of an hour', HOUR_FILE, (path) => flip(path, -40)],
    ['a flipped bit in the footer of an hour that others are ahead of', LATE_FILE, (path) => flip(path, -40)],
    ['a flipped bit in the footer of a day', DAY_FILE, (path) => flip(path, -40)],
    ['a cut day', DAY_FILE, (path) => truncate(path, 300)],
    ['a day to which something was appended', DAY_FILE, (path) => appendFile(path, 'x')],
    ['an hour that was moved away', HOUR_FILE, (path) => rename(path, `${path}.moved`)],
  ])('makes it anew from open files after %s, as far as the archive is', async (_what, path, spoil) => {
    await using at = await copied()
    await spoil(at.in(path))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([{ path, did: 'rebuilt' }])
    expect(await footerOf(at.dataDir, path)).toMatchObject({ seq: TICKS, spoolId: 'spool-1', source: 'simulator' })
    expect(await at.archived()).toEqual(all())
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
  })

  it('makes the hours of a day anew that was moved away', async () => {
    await using at = await copied()
    await rename(at.in(DAY_FILE), at.in('day.parquet'))
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.length).toBeGreaterThan(5)
    expect(outcomes.filter(({ did, kind }) => did !== 'rebuilt' || kind !== 'missing')).toEqual([])
    expect(await at.archived()).toEqual(all())
  })

  it('takes rows that wait into the file made anew, and forgets them', async () => {
    await using at = await copied()
    const next = async (from: number, to: number) => {
      await using store = await openStore(at.dataDir, 'parquet', PARTITION)
      for (let n = from; n < to; n++) takeTick(store, 'parquet', n + 1, tickAt(n, PER_HOUR))
      await store.commitDurable()
    }
    await next(TICKS, LATE + 1)
    const rows = segmentPath({ backend: 'parquet', cid: CID, tt: 'bid_ask', hourUs: hourOf(tickAt(LATE, PER_HOUR).ts) })
    const before = await at.archived()
    expect(Object.keys((await readCheckpoint(at.dataDir, 'parquet', PARTITION))?.files ?? {})).toContain(rows)
    await flip(at.in(LATE_FILE), -40)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes).toMatchObject([{ path: LATE_FILE, did: 'rebuilt' }])
    expect(await at.archived()).toEqual(before)
    expect(await filesIn(at.dataDir)).not.toContain(rows)
    await next(LATE + 1, LATE + 3)
    expect(await at.archived()).toEqual(allUpTo(LATE + 3)) // no row counts again beside the file
  })

  it('says what would be done in a dry run, and writes nothing', async () => {
    await using at = await copied()
    await zero(at.in(HOUR_FILE))
    await flip(at.in(DAY_FILE), -40)
    const before = await filesIn(at.dataDir)
    const { outcomes } = await repair({ dataDir: at.dataDir, dryRun: true })
    expect(outcomes).toMatchObject([
      { path: DAY_FILE, did: 'rebuilt' },
      { path: HOUR_FILE, did: 'restored' },
    ])
    expect(await filesIn(at.dataDir)).toEqual(before)
  })

  it('leaves one of which no other backend is known to have all, and says why', async () => {
    await using at = await copied()
    await withoutOpenFiles(at.dataDir, ['pb'])
    await flip(at.in(HOUR_FILE), -40)
    const json = (await readdir(at.in('json'), { recursive: true })).find((path) => path.endsWith(`${CID}_bid_ask_${HOUR_US / 1e6}.jsonl`))
    await flip(at.in(`json/${json}`), 30)
    const spoilt = await at.bytes(HOUR_FILE)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    const outcome = outcomes.find(({ path }) => path === HOUR_FILE)
    expect(outcome).toMatchObject({
      did: 'left',
      detail: expect.stringMatching(/restore it from a copy.*json: .* is damaged.*pb: .* is damaged/),
    })
    expect(await at.bytes(HOUR_FILE)).toEqual(spoilt)
  })

  it('leaves a day that the other backends have less of than its bytes can be', async () => {
    await using at = await copied()
    for (const backend of ['json', 'pb'] as const) {
      const days = await readdir(at.in(`.state/${backend}/manifest`))
      const first = days.toSorted()[0] ?? ''
      await rm(at.in(`.state/${backend}/manifest/${first}`), { recursive: true })
      const hours = (await readdir(at.in(backend), { recursive: true })).filter((path) => /\.(jsonl|pb)$/.test(path))
      for (const path of hours) if (path.startsWith(first.replaceAll('-', '/'))) await rm(at.in(`${backend}/${path}`))
    }
    await flip(at.in(DAY_FILE), -40)
    const { outcomes } = await repair({ dataDir: at.dataDir })
    expect(outcomes.find(({ path }) => path === DAY_FILE)).toMatchObject({ did: 'left' })
  })

  it(
    'killed before any effect: the file is the old or the new one, the archive has each tick once, and the next repair goes on',
    async () => {
      const effects = await effectsOfRepair()
      expect(effects).toBeGreaterThan(30)
      const every = process.env.IB_STREAM_EVERY_STEP ? 1 : Math.ceil(effects / 6)
      for (let n = Math.floor(Math.random() * every); n < effects; n += every) {
        await using at = await copied()
        await flip(at.in(DAY_FILE), -40)
        await repairOn(killedBefore(at.dataDir, n).disk, { dataDir: at.dataDir }).catch(() => undefined)
        const left = (await verify({ dataDir: at.dataDir })).damage.map(({ path }) => path)
        expect([[DAY_FILE], []]).toContainEqual(left)
        if (left.length === 0) expect({ n, ...(await at.archived()) }).toEqual({ n, ...all() })
        await repair({ dataDir: at.dataDir })
        expect({ n, ...(await at.archived()) }).toEqual({ n, ...all() })
      }
    },
    TIMEOUT_MS,
  )
})

async function effectsOfRepair(): Promise<number> {
  await using at = await copied()
  await flip(at.in(DAY_FILE), -40)
  const { disk, effects } = killedBefore(at.dataDir, Number.POSITIVE_INFINITY)
  await repairOn(disk, { dataDir: at.dataDir })
  return effects()
}

function killedBefore(dataDir: string, most: number): { disk: Disk; effects: () => number } {
  let effects = 0
  const disk = gatedDisk(nodeDisk(dataDir), (call) => {
    if (call === 'size' || call === 'read' || call === 'readText') return
    if (effects >= most) throw Object.assign(new Error('killed'), { code: 'KILLED' })
    effects++
  })
  return { disk, effects: () => effects }
}

const filesIn = async (dataDir: string): Promise<string[]> => (await readdir(dataDir, { recursive: true })).sort()

it('makes its checkpoint durable before a footer speaks of its position', async () => {
  await using at = await copied()
  await flip(at.in(DAY_FILE), -40)
  const named: string[] = []
  const disk = gatedDisk(nodeDisk(at.dataDir), (call, path) => {
    if (call === 'rename') named.push(path)
  })
  await repairOn(disk, { dataDir: at.dataDir })
  const { durable } = statePaths('parquet', PARTITION)
  const day = named.findIndex((path) => path.endsWith('.day.parquet.tmp'))
  const checkpoints = named.flatMap((path, n) => (path === `${durable}.tmp` ? [n] : []))
  expect(checkpoints.some((n) => n < day)).toBe(true)
  expect(checkpoints.some((n) => n > day)).toBe(true) // by which readers see that something changed
})
