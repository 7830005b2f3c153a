import { readdir, readFile, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { Backend } from '../../src/layout/backend.ts'
import { repair } from '../../src/repair/repair.ts'
import type { RetainedDay, RetentionOptions } from '../../src/retention/report.ts'
import { retain, retainOn, retainPartition } from '../../src/retention/retain.ts'
import { nodeDisk } from '../../src/segment/disk.ts'
import { compareBackends } from '../../src/verify/compare.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { all, emptyTree, open, PER_HOUR, query, recordedOnce, sorted, TICKS } from '../recorded-once.ts'
import { fileAt, openStore, recordTree, START_US, takeTick, tickAt } from '../recorded-tree.ts'
import { closedHours, filesOf, jsonForADay, LONG_AFTER_US } from '../retention-tree.ts'
import { type DiskCall, gatedDisk, systemError } from '../segment/failing-disk.ts'

const recording = recordedOnce()

const openHours = (json: readonly string[]): boolean => json.every((path) => /_(17539128|17539092)00\./.test(path))

async function removalsOf(dataDir: string, backend: Backend): Promise<{ path: string; why: string; copyIn: string }[]> {
  const lines = (await readFile(join(dataDir, `.state/${backend}/retention/09.jsonl`), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

describe('retention', () => {
  it('takes closed hours away that a longer-kept backend holds too: answers, verify and compare are as before, and a log says what went', async () => {
    await using at = await recording.copied()
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
    expect(await query(at.dataDir)).toEqual(sorted(recording.ticks))
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
    await using at = await recording.copied()
    await retain(jsonForADay(at.dataDir))
    const folders = (await readdir(at.in('json'), { recursive: true, withFileTypes: true })).filter((each) => each.isDirectory())
    for (const { parentPath, name } of folders) expect(await readdir(join(parentPath, name))).not.toEqual([])
    expect(await readdir(at.in('events'))).toEqual(await readdir(join(recording.dataDir, 'events')))
  })

  it('says of a range of that backend alone what is missing', async () => {
    await using at = await recording.copied()
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
    await using at = await recording.copied()
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
    expect(await query(at.dataDir)).toEqual(sorted(recording.ticks))
  })

  it('removes nothing of the backend that is kept longest, nor where two are kept alike', async () => {
    await using at = await recording.copied()
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
    await using at = await emptyTree()
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
    await using at = await recording.copied()
    const before = await contentOf(at.dataDir)
    const days: RetainedDay[] = []
    const dry = await retain({ ...jsonForADay(at.dataDir), dryRun: true, onDay: (day) => days.push(day) })
    expect(await contentOf(at.dataDir)).toEqual(before)
    const done: RetainedDay[] = []
    expect(await retain({ ...jsonForADay(at.dataDir), onDay: (day) => done.push(day) })).toEqual(dry)
    expect(done).toEqual(days)
  })

  it('is refused while a writer holds a partition of the backend', async () => {
    await using at = await recording.copied()
    await using _store = await openStore(at.dataDir, 'json')
    expect(await outcomeOf(retain(jsonForADay(at.dataDir)))).toBe('IBS_STORAGE_BACKEND_IN_USE')
    expect(await outcomeOf(retain({ ...jsonForADay(at.dataDir), keep: { json: { maxAgeUs: 0.5 } } }))).toBe('IBS_STORAGE_RETENTION_INVALID')
    expect(await outcomeOf(retain(jsonForADay(at.in('none'))))).toBe('IBS_STORAGE_TREE_MISSING')
    expect(await filesOf(at.dataDir, 'json')).toEqual(await filesOf(recording.dataDir, 'json'))
  })

  it('ends with the reason of its signal', async () => {
    await using at = await recording.copied()
    const reason = new Error('stopped')
    await expect(retain({ ...jsonForADay(at.dataDir), signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('of imported files makes no checkpoint: a recording may begin there later', async () => {
    await using at = await recording.copied()
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
    await using at = await recording.copied()
    await using store = await openStore(at.dataDir, 'json')
    takeTick(store, 'json', TICKS + 1, tickAt(TICKS, PER_HOUR))
    const report = await retainPartition({ store, backend: 'json', partition: 9 }, options(at.dataDir))
    expect(report.removed.files).toBeGreaterThan(12)
    expect(store.state.word).toBe('open')
    await store.commitDurable()
    expect(store.seq).toBe(TICKS + 1)
    expect(await query(at.dataDir)).toEqual(sorted([...recording.ticks, tickAt(TICKS, PER_HOUR)]))
    expect(await at.damage()).toEqual([])
  })

  it('leaves an hour alone for which a late tick waits, and other partitions', async () => {
    await using at = await recording.copied()
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

/** What a kill can come between; for syncs there is the model of power cuts (segment/power-cut.test.ts). */
const CHANGES: ReadonlySet<DiskCall> = new Set(['write', 'writeText', 'rename', 'remove', 'removeFolder', 'makeFolder'])

describe('retention that dies', () => {
  it('at any step leaves each answer as it was and nothing that looks damaged, and goes on to the same end', async () => {
    await using small = await temporaryDataDir()
    const few = sorted(await recordTree(small.dataDir, { ticks: 21, perHour: 7 }))
    await using whole = await recording.copied(small.dataDir)
    let steps = 0
    const count = (call: DiskCall) => CHANGES.has(call) && steps++
    await retainOn(gatedDisk(nodeDisk(whole.dataDir), count), jsonForADay(whole.dataDir))
    const end = await filesOf(whole.dataDir, 'json')
    expect(steps).toBeGreaterThan(20)
    const seen = new Set<number>()
    for (let last = 1; last <= steps; last++) {
      await using at = await recording.copied(small.dataDir)
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

async function contentOf(dataDir: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) content[path] = (await readFile(path)).toString('base64')
  }
  return content
}
