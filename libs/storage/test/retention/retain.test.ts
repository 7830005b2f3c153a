import { cp, mkdtemp, readdir, readFile, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareTicks, TICK_TYPES, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Backend } from '../../src/layout/backend.ts'
import { openRange, type TickRange } from '../../src/query/open-range.ts'
import type { RangeOptions } from '../../src/query/plan-range.ts'
import { repair } from '../../src/repair/repair.ts'
import type { RetainedDay, RetentionOptions } from '../../src/retention/report.ts'
import { retain, retainOn, retainPartition } from '../../src/retention/retain.ts'
import { nodeDisk } from '../../src/segment/disk.ts'
import { compareBackends } from '../../src/verify/compare.ts'
import { verify } from '../../src/verify/verify.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { CID, fileAt, openStore, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'
import { closedHours, filesOf, jsonForADay, LONG_AFTER_US } from '../retention-tree.ts'
import { type DiskCall, gatedDisk, systemError } from '../segment/failing-disk.ts'

const PER_HOUR = 40
const TICKS = 8 * PER_HOUR
const DAY = { startUs: START_US - US_PER_DAY, endUs: START_US + US_PER_DAY }

let recorded = ''
let ticks: TickMessage[] = []
beforeAll(async () => {
  recorded = await mkdtemp(join(tmpdir(), 'ibs-recorded-'))
  ticks = await recordTree(recorded, { ticks: TICKS, perHour: PER_HOUR })
})
afterAll(() => rm(recorded, { recursive: true }))

async function copied(from = recorded) {
  const at = await treeIn()
  await cp(from, at.dataDir, { recursive: true })
  return at
}

async function treeIn() {
  const at = await temporaryDataDir()
  return Object.assign(at, {
    in: (path: string) => join(at.dataDir, path),
    damage: async () => (await verify({ dataDir: at.dataDir })).damage,
  })
}

const open = (dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickRange> =>
  openRange({ dataDir, cids: [CID], tts: TICK_TYPES, ...DAY, ...other })

async function all(range: TickRange): Promise<TickMessage[]> {
  const found: TickMessage[] = []
  for await (const batch of range.batches()) found.push(...batch)
  return found
}

async function query(dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickMessage[]> {
  await using range = await open(dataDir, other)
  return await all(range)
}

const sorted = (some: readonly TickMessage[]): TickMessage[] => some.toSorted(compareTicks)
const openHours = (json: readonly string[]): boolean => json.every((path) => /_(17539128|17539092)00\./.test(path))

async function removalsOf(dataDir: string, backend: Backend): Promise<{ path: string; why: string; copyIn: string }[]> {
  const lines = (await readFile(join(dataDir, `.state/${backend}/retention/09.jsonl`), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

describe('retention', () => {
  it('takes closed hours away that a longer-kept backend holds too: answers, verify and compare are as before, and a log says what went', async () => {
    await using at = await copied()
    const before = await filesOf(at.dataDir, 'json')
    const days: RetainedDay[] = []
    const report = await retain({ ...jsonForADay(at.dataDir), onDay: (day) => days.push(day) })
    const after = await filesOf(at.dataDir, 'json')
    const gone = before.filter((path) => !after.includes(path))
    expect(gone.length).toBeGreaterThan(12)
    expect(openHours(after)).toBe(true) // what a writer may still add to stays
    expect(report).toMatchObject({ removed: { files: gone.length }, stayed: { unconfirmed: 0, open: after.length }, unreachable: [] })
    expect(days).toMatchObject([{ backend: 'json', why: 'age', removed: report.removed }])
    expect(await filesOf(at.dataDir, 'pb')).toHaveLength(before.length)
    expect(await query(at.dataDir)).toEqual(sorted(ticks))
    expect(await at.damage()).toEqual([])
    expect(await compareBackends({ dataDir: at.dataDir, backends: ['json', 'pb'] })).toMatchObject({
      differences: [],
      removedHours: gone.length,
    })
    const lines = await removalsOf(at.dataDir, 'json')
    expect(lines.map(({ path }) => path).sort()).toEqual(gone)
    expect(lines[0]).toMatchObject({ removedUs: LONG_AFTER_US, why: 'age', copyIn: 'pb', count: expect.any(Number) })
    const again = await retain(jsonForADay(at.dataDir))
    expect(again.removed).toEqual({ hours: 0, files: 0, ticks: 0, diskBytes: 0 })
    expect((await repair({ dataDir: at.dataDir })).outcomes).toEqual([]) // nor is it rebuilt
  })

  it('leaves no empty folder, and touches no recorder events', async () => {
    await using at = await copied()
    await retain(jsonForADay(at.dataDir))
    const folders = (await readdir(at.in('json'), { recursive: true, withFileTypes: true })).filter((each) => each.isDirectory())
    for (const { parentPath, name } of folders) expect(await readdir(join(parentPath, name))).not.toEqual([])
    expect(await readdir(at.in('events'))).toEqual(await readdir(join(recorded, 'events')))
  })

  it('says of a range of that backend alone what is missing', async () => {
    await using at = await copied()
    const gone = await closedHours(at.dataDir, 'json')
    await retain(jsonForADay(at.dataDir))
    await using range = await open(at.dataDir, { backends: ['json'] })
    const left = await all(range)
    expect(range.removed).toHaveLength(gone.length)
    expect(left.length + range.removed.reduce((sum, hour) => sum + hour.ticks, 0)).toBe(TICKS)
    await using both = await open(at.dataDir)
    expect(both.removed).toEqual([])
  })

  it.each<[string, 'unconfirmed' | 'copy_damaged', (path: string) => Promise<unknown>]>([
    ['is missing', 'unconfirmed', (path) => rm(path)],
    ['is shorter', 'unconfirmed', async (path) => truncate(path, (await stat(path)).size - 1)],
    ['has other bytes', 'copy_damaged', async (path) => writeFile(path, (await readFile(path)).fill(0, 9, 12))],
  ])('keeps an hour whose copy %s, unless told to', async (_what, because, spoil) => {
    await using at = await copied()
    await spoil(at.in(fileAt('pb', 1)))
    const { stayed, removed } = await retain(jsonForADay(at.dataDir))
    expect(stayed[because]).toBe(1)
    expect(removed.hours).toBeGreaterThan(10)
    expect(await filesOf(at.dataDir, 'json')).toContain(fileAt('json', 1))
    const told = await retain({ ...jsonForADay(at.dataDir), unconfirmed: true })
    expect(told).toMatchObject({ removed: { hours: 1 }, stayed: { [because]: 0 } })
    expect(await filesOf(at.dataDir, 'json')).not.toContain(fileAt('json', 1))
    expect((await removalsOf(at.dataDir, 'json')).at(-1)).toMatchObject({ path: fileAt('json', 1), copyIn: null })
  })

  it('keeps an hour of which the longer-kept backend has fewer ticks', async () => {
    await using at = await temporaryDataDir()
    await recordTree(at.dataDir, { ticks: TICKS, perHour: PER_HOUR, backends: ['json'] })
    await using store = await openStore(at.dataDir, 'pb')
    for (let n = 5; n < TICKS; n++) takeTick(store, 'pb', n + 1, tickAt(n, PER_HOUR))
    await store.commitDurable()
    await store.commitDurable()
    const { stayed } = await retain(jsonForADay(at.dataDir))
    expect(stayed.unconfirmed).toBe(2) // quotes and trades of the first hour
    expect(await query(at.dataDir)).toEqual(sorted(ticks))
  })

  it('removes nothing of the backend that is kept longest, nor where two are kept alike', async () => {
    await using at = await copied()
    const alike = { json: { maxAgeUs: 1 }, pb: { maxAgeUs: 1 } }
    const kept = await retain({ ...jsonForADay(at.dataDir), keep: alike })
    expect(kept.removed.files).toBe(0)
    expect(kept.stayed.unconfirmed).toBeGreaterThan(20) // of both
    const longest = await filesOf(at.dataDir, 'pb')
    const { stayed } = await retain({ ...jsonForADay(at.dataDir), keep: { json: { maxAgeUs: 1 }, pb: { maxAgeUs: 2 } } })
    expect(stayed.unconfirmed).toBeGreaterThan(10)
    expect(await filesOf(at.dataDir, 'pb')).toEqual(longest)
    expect(await retain({ ...jsonForADay(at.dataDir), keep: {} })).toMatchObject({ removed: { files: 0 }, stayed: { unconfirmed: 0 } })
  })

  it('takes the oldest days until a share of the disk is kept', async () => {
    await using at = await treeIn()
    const perHour = 4
    const four = await recordTree(at.dataDir, { ticks: 90 * perHour, perHour })
    const days = async () => new Set((await filesOf(at.dataDir, 'json')).map((path) => path.split('/')[3]))
    expect(await days()).toEqual(new Set(['30', '31', '01', '02', '03']))
    const used = await Promise.all((await filesOf(at.dataDir, 'json')).map(async (path) => (await stat(at.in(path))).blocks * 512))
    const { blocks, bsize } = await statfs(at.dataDir)
    const share = (0.7 * used.reduce((sum, bytes) => sum + bytes)) / (blocks * bsize)
    await retain({ dataDir: at.dataDir, keep: { json: { maxDiskShare: share } }, nowUs: START_US })
    expect(await days()).toEqual(new Set(['01', '02', '03']))
    expect(await query(at.dataDir, { endUs: START_US + 9 * US_PER_DAY })).toEqual(sorted(four))
    expect(await at.damage()).toEqual([])
  })

  it('decides the same in a dry run and changes no byte', async () => {
    await using at = await copied()
    const before = await contentOf(at.dataDir)
    const days: RetainedDay[] = []
    const dry = await retain({ ...jsonForADay(at.dataDir), dryRun: true, onDay: (day) => days.push(day) })
    expect(await contentOf(at.dataDir)).toEqual(before)
    const done: RetainedDay[] = []
    expect(await retain({ ...jsonForADay(at.dataDir), onDay: (day) => done.push(day) })).toEqual(dry)
    expect(done).toEqual(days)
  })

  it('is refused while a writer holds a partition of the backend', async () => {
    await using at = await copied()
    await using _store = await openStore(at.dataDir, 'json')
    expect(await outcomeOf(retain(jsonForADay(at.dataDir)))).toBe('IBS_STORAGE_BACKEND_IN_USE')
    expect(await outcomeOf(retain({ ...jsonForADay(at.dataDir), keep: { json: { maxAgeUs: 0.5 } } }))).toBe('IBS_STORAGE_RETENTION_INVALID')
    expect(await outcomeOf(retain(jsonForADay(at.in('none'))))).toBe('IBS_STORAGE_TREE_MISSING')
    expect(await filesOf(at.dataDir, 'json')).toEqual(await filesOf(recorded, 'json'))
  })

  it('ends with the reason of its signal', async () => {
    await using at = await copied()
    const reason = new Error('stopped')
    await expect(retain({ ...jsonForADay(at.dataDir), signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('of imported files makes no checkpoint: a recording may begin there later', async () => {
    await using at = await copied()
    for (const backend of ['json', 'pb']) await rm(at.in(`.state/${backend}/checkpoints`), { recursive: true })
    const report = await retain(jsonForADay(at.dataDir))
    expect(report).toMatchObject({ stayed: { open: 0 }, unreachable: [] })
    expect(await readdir(at.in('.state/json'))).not.toContain('checkpoints')
    expect((await filesOf(at.dataDir, 'json')).length).toBeLessThan(5)
  })
})

describe('retention by the owner of a partition', () => {
  const options = (dataDir: string): RetentionOptions => jsonForADay(dataDir)

  it('works with the store it has open, which goes on', async () => {
    await using at = await copied()
    await using store = await openStore(at.dataDir, 'json')
    takeTick(store, 'json', TICKS + 1, tickAt(TICKS, PER_HOUR))
    const report = await retainPartition({ store, backend: 'json', partition: 9 }, options(at.dataDir))
    expect(report.removed.files).toBeGreaterThan(12)
    expect(store.state.word).toBe('open')
    await store.commitDurable()
    expect(store.seq).toBe(TICKS + 1)
    expect(await query(at.dataDir)).toEqual(sorted([...ticks, tickAt(TICKS, PER_HOUR)]))
    expect(await at.damage()).toEqual([])
  })

  it('leaves an hour alone for which a late tick waits, and other partitions', async () => {
    await using at = await copied()
    await using store = await openStore(at.dataDir, 'json')
    const late = { ...tickAt(TICKS, PER_HOUR), ts: START_US + US_PER_HOUR + 5, tt: 'bid_ask', bp: 1, bs: 1 } as TickMessage
    takeTick(store, 'json', TICKS + 1, late)
    await retainPartition({ store, backend: 'json', partition: 9 }, options(at.dataDir))
    await store.commitDurable()
    expect(await filesOf(at.dataDir, 'json')).toContain(fileAt('json', 1))
    await using other = await openStore(at.dataDir, 'json', 3)
    expect((await retainPartition({ store: other, backend: 'json', partition: 3 }, options(at.dataDir))).removed.files).toBe(0)
  })
})

describe('a late tick of an hour that retention has taken', () => {
  const hourOne = { startUs: START_US + US_PER_HOUR, endUs: START_US + 2 * US_PER_HOUR }
  const ofHourOne = (some: readonly TickMessage[]) => sorted(some.filter(({ ts }) => ts >= hourOne.startUs && ts < hourOne.endUs))
  const lateTick = (n: number): TickMessage => {
    const st = tickAt(TICKS, PER_HOUR).st + n
    return { ...tickAt(TICKS, PER_HOUR), tt: 'bid_ask', ts: START_US + US_PER_HOUR + n, st, bp: n, bs: 1, ap: 2, as: 2 } as TickMessage
  }

  /** Late ticks up to a number for each backend, closed or not. */
  async function take(dataDir: string, backend: Backend, upTo: number, close: boolean): Promise<void> {
    await using store = await openStore(dataDir, backend)
    for (let n = store.seq - TICKS + 1; n <= upTo; n++) takeTick(store, backend, TICKS + n, lateTick(n))
    await store.commitVisible()
    if (close) {
      await store.commitDurable()
      store.advance(store.seq, 0)
      await store.commitDurable()
    }
  }

  it.each([
    ['neither is further', 3, 3, false],
    ['the longer-kept one is further', 1, 3, false],
    ['the shorter-kept one is further', 3, 1, false],
    ['the shorter-kept one is further and has closed the hour again', 3, 0, true],
    ['the longer-kept one got none', 3, 0, false],
  ])('regression: is in the answer with all that was there before, once, where %s', async (_, inJson, inPb, close) => {
    await using at = await copied()
    await retain(jsonForADay(at.dataDir))
    await take(at.dataDir, 'json', inJson, close)
    await take(at.dataDir, 'pb', inPb, close)
    const late = Array.from({ length: Math.max(inJson, inPb) }, (_, n) => lateTick(n + 1))
    const wanted = ofHourOne([...ticks, ...late])
    await using range = await open(at.dataDir, hourOne)
    expect(await all(range)).toEqual(wanted)
    expect(range.removed).toEqual([])
    expect((await range.measure()).ticks).toBe(wanted.length)
    expect(range.positions.get(9)).toBe(TICKS + Math.max(inJson, inPb))
    const chunks: Uint8Array[] = []
    for await (const chunk of range.bytes({ format: 'pb' })) chunks.push(chunk)
    await using other = await open(at.dataDir, { ...hourOne, backends: ['json'] })
    expect((await all(other)).length + other.removed.reduce((sum, hour) => sum + hour.ticks, 0)).toBe(ofHourOne(ticks).length + inJson)
    expect(await at.damage()).toEqual([])
  })

  it('goes as well, when both have it and the hour is closed again', async () => {
    await using at = await copied()
    await retain(jsonForADay(at.dataDir))
    for (const backend of ['json', 'pb'] as const) await take(at.dataDir, backend, 2, true)
    expect(await filesOf(at.dataDir, 'json')).toContain(fileAt('json', 1))
    expect(await retain(jsonForADay(at.dataDir))).toMatchObject({ removed: { files: 1, ticks: 2 } })
    expect(await query(at.dataDir, hourOne)).toEqual(ofHourOne([...ticks, lateTick(1), lateTick(2)]))
    await take(at.dataDir, 'json', 3, true)
    expect(await query(at.dataDir, hourOne)).toEqual(ofHourOne([...ticks, lateTick(1), lateTick(2), lateTick(3)]))
  })
})

describe('a range that was opened before', () => {
  it('goes on to the end, from where the same ticks are, as objects, columns, bytes and counts', async () => {
    for (const order of ['ascending', 'descending'] as const) {
      await using at = await copied()
      await using range = await open(at.dataDir)
      expect(range.positions.get(9)).toBe(TICKS)
      const found: TickMessage[] = []
      for await (const batch of range.batches({ batchTicks: 7, order })) {
        if (found.length === 0) await retain(jsonForADay(at.dataDir))
        found.push(...batch)
      }
      expect(found).toEqual(order === 'ascending' ? sorted(ticks) : sorted(ticks).reverse())
      expect((await range.measure()).ticks).toBe(TICKS)
    }
    await using at = await copied()
    await using range = await open(at.dataDir)
    const whole = await bytesOf(range)
    await using second = await open(at.dataDir)
    await retain(jsonForADay(at.dataDir))
    expect(await bytesOf(second)).toEqual(whole)
  })

  it('regression: does not give what came after it was opened, though the file that replaces the one that went has it', async () => {
    await using at = await copied()
    await using range = await open(at.dataDir)
    await retain(jsonForADay(at.dataDir))
    await using store = await openStore(at.dataDir, 'pb')
    const late = { ...tickAt(TICKS, PER_HOUR), tt: 'last', ts: START_US + US_PER_HOUR + 7, p: 1, s: 1 } as TickMessage
    takeTick(store, 'pb', TICKS + 1, late)
    await store.commitDurable()
    expect(await all(range)).toEqual(sorted(ticks))
    expect((await range.measure()).ticks).toBe(TICKS)
  })

  it('regression: reads no file that was begun anew at the same place on the disk, and remembers nothing of the old one', async () => {
    await using at = await copied()
    const hourOne = { startUs: START_US + US_PER_HOUR, endUs: START_US + 2 * US_PER_HOUR - 1 } // not whole, so that files are surveyed
    const wanted = sorted(ticks.filter(({ ts }) => ts >= hourOne.startUs && ts < hourOne.endUs))
    await using range = await open(at.dataDir, hourOne)
    await using alone = await open(at.dataDir, { ...hourOne, backends: ['json'] })
    expect(await range.measure()).toMatchObject({ ticks: wanted.length })
    await retain(jsonForADay(at.dataDir))
    await using store = await openStore(at.dataDir, 'json')
    for (let n = 1; n <= 2 * PER_HOUR; n++) {
      const st = tickAt(TICKS, PER_HOUR).st + n
      takeTick(store, 'json', TICKS + n, { ts: hourOne.startUs + n, st, cid: CID, tt: 'bid_ask', rid: 1, bp: n, bs: 1, ap: 2, as: 2 })
    }
    await store.commitDurable() // longer than the old file, and where the kernel wills with its number
    expect(await all(range)).toEqual(wanted)
    expect(await outcomeOf(all(alone))).toBe('IBS_STORAGE_SEGMENT_GONE')
    await using now = await open(at.dataDir, { ...hourOne, backends: ['json'], tts: ['bid_ask'] })
    expect((await now.measure()).ticks).toBe(2 * PER_HOUR)
    expect(await all(now)).toHaveLength(2 * PER_HOUR)
  })

  it('says so where nobody holds these ticks any more', async () => {
    await using at = await copied()
    await using range = await open(at.dataDir, { backends: ['json'] })
    await retain(jsonForADay(at.dataDir))
    expect(await outcomeOf(all(range))).toBe('IBS_STORAGE_SEGMENT_GONE')
  })
})

/** What a kill can come between; for syncs there is the model of power cuts (segment/power-cut.test.ts). */
const CHANGES: ReadonlySet<DiskCall> = new Set(['write', 'writeText', 'rename', 'remove', 'removeFolder', 'makeFolder'])

describe('retention that dies', () => {
  it('at any step leaves each answer as it was and nothing that looks damaged, and goes on to the same end', async () => {
    await using small = await temporaryDataDir()
    const few = sorted(await recordTree(small.dataDir, { ticks: 21, perHour: 7 }))
    await using whole = await copied(small.dataDir)
    let steps = 0
    const count = (call: DiskCall) => CHANGES.has(call) && steps++
    await retainOn(gatedDisk(nodeDisk(whole.dataDir), count), jsonForADay(whole.dataDir))
    const end = await filesOf(whole.dataDir, 'json')
    expect(steps).toBeGreaterThan(20)
    const seen = new Set<number>()
    for (let last = 1; last <= steps; last++) {
      await using at = await copied(small.dataDir)
      let step = 0
      const dying = gatedDisk(nodeDisk(at.dataDir), (call) => {
        if (step >= last || (CHANGES.has(call) && ++step >= last)) throw systemError('KILLED')
      })
      const { unreachable } = await retainOn(dying, jsonForADay(at.dataDir)).catch(() => ({ unreachable: [0] }))
      expect(unreachable).toHaveLength(1)
      seen.add((await filesOf(at.dataDir, 'json')).length)
      expect(await query(at.dataDir)).toEqual(few)
      expect(await at.damage()).toEqual([])
      if (last % 3 === 0) {
        await using store = await openStore(at.dataDir, 'json') // the next owner may be a writer
        expect(store.seq).toBe(few.length)
      }
      await retain(jsonForADay(at.dataDir))
      expect(await filesOf(at.dataDir, 'json')).toEqual(end)
      expect(await query(at.dataDir)).toEqual(few)
    }
    expect(seen.size).toBeGreaterThan(4) // it did die between two files
  }, 120_000)
})

async function bytesOf(range: TickRange): Promise<string> {
  let text = ''
  for await (const chunk of range.bytes({ format: 'json' })) text += Buffer.from(chunk).toString()
  return text
}

async function contentOf(dataDir: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) content[path] = (await readFile(path)).toString('base64')
  }
  return content
}
