import { copyFile, glob, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compareTicks, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { parseSealedPath } from '../../src/layout/sealed-path.ts'
import { adoptDay } from '../../src/parquet/adopt-day.ts'
import { listWholeDays, type WholeDay } from '../../src/parquet/whole-days.ts'
import { workOffline } from '../../src/segment/work-offline.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf, PARTITION } from './archive-world.ts'

const TICKS = 30

/** A recording that is over its first day, and that day. */
async function recordedIn(dataDir: string): Promise<{ world: ArchiveWorld; days: WholeDay[]; ticksOfDays: TickMessage[] }> {
  const world = new ArchiveWorld(dataDir, logOf(TICKS))
  world.settleEvery = 4
  await world.live()
  const days = await listWholeDays(dataDir)
  const { ticks } = await world.read()
  const firstUs = days[0]?.dayUs ?? Number.NaN
  return { world, days, ticksOfDays: ticks.filter(({ ts }) => ts < firstUs + 86_400_000_000) }
}

const adopt = (from: string, to: string, day: WholeDay) =>
  adoptDay({ dataDir: to, day, bring: (path) => copyFile(join(from, day.path), path) })

describe('a day that was kept elsewhere', () => {
  it('is read on a host that has nothing, once, and is the same file', async () => {
    await using there = await temporaryDataDir()
    await using here = await temporaryDataDir()
    const { days, ticksOfDays } = await recordedIn(there.dataDir)
    expect(days.map(({ tt }) => tt)).toEqual(['bid_ask', 'last'])
    for (const day of days) expect(await adopt(there.dataDir, here.dataDir, day)).toBe('adopted')
    expect((await new ArchiveWorld(here.dataDir, []).read()).ticks).toEqual(ticksOfDays)
    const [first] = days as [WholeDay]
    expect(await adopt(there.dataDir, here.dataDir, first)).toBe('there')
    expect(await readFile(join(here.dataDir, first.path))).toEqual(await readFile(join(there.dataDir, first.path)))
  })

  it('replaces a damaged file, which is kept, never a whole one or hours', async () => {
    await using there = await temporaryDataDir()
    await using here = await temporaryDataDir()
    const { days } = await recordedIn(there.dataDir)
    const [day, other] = days as [WholeDay, WholeDay]
    await adopt(there.dataDir, here.dataDir, day)
    const good = await readFile(join(here.dataDir, day.path))
    const bad = Buffer.from(good)
    bad.writeUInt8(bad.readUInt8(100) ^ 1, 100)
    await writeFile(join(here.dataDir, day.path), bad)
    expect(await adopt(there.dataDir, here.dataDir, day)).toBe('adopted')
    expect(await readFile(join(here.dataDir, day.path))).toEqual(good)
    const kept = await Array.fromAsync(glob('.state/parquet/damaged/**/day.parquet@*', { cwd: here.dataDir }))
    expect(await Promise.all(kept.map((path) => readFile(join(here.dataDir, path))))).toEqual([bad])
    const hour = join(here.dataDir, dirname(other.path), '14.parquet')
    await mkdir(dirname(hour), { recursive: true })
    await copyFile(join(there.dataDir, other.path), hour)
    expect(await adopt(there.dataDir, here.dataDir, other)).toBe('there')
    expect(await readdir(dirname(hour))).toEqual(['14.parquet'])
  })

  it('is refused, and nothing stays of it, when it is damaged, of another contract or of another source, or while a writer owns the partition', async () => {
    await using there = await temporaryDataDir()
    await using here = await temporaryDataDir()
    const { days } = await recordedIn(there.dataDir)
    const [day, other] = days as [WholeDay, WholeDay]
    const bringing = (bring: (path: string) => Promise<void>) => outcomeOf(adoptDay({ dataDir: here.dataDir, day, bring }))
    expect(await bringing((path) => writeFile(path, 'PAR1 and no more'))).toBe('IBS_STORAGE_SEALED_DAMAGED')
    expect(await bringing((path) => copyFile(join(there.dataDir, other.path), path))).toBe('IBS_STORAGE_SEALED_DAMAGED')
    const real = new ArchiveWorld(here.dataDir, logOf(1), { spoolId: 'spool-9', source: 'gateway' })
    await real.live()
    expect(await bringing((path) => copyFile(join(there.dataDir, day.path), path))).toBe('IBS_STORAGE_SOURCE_MIXED')
    await workOffline({ dataDir: here.dataDir, backend: 'parquet', partition: PARTITION }, async () => {
      expect(await outcomeOf(adopt(there.dataDir, here.dataDir, day))).toBe('IBS_STORAGE_BACKEND_IN_USE')
    })
    expect(await listWholeDays(here.dataDir)).toEqual([])
    expect(await readdir(join(here.dataDir, dirname(day.path)))).toEqual([])
  })
})

it('regression: ticks of a day that another recording sealed were taken for held, because its position is of another log', async () => {
  await using there = await temporaryDataDir()
  await using here = await temporaryDataDir()
  const { days, ticksOfDays } = await recordedIn(there.dataDir)
  for (const day of days) await adopt(there.dataDir, here.dataDir, day)
  const log = logOf(TICKS).map((tick) => ({ ...tick, st: tick.st + 500_000 }))
  const world = new ArchiveWorld(here.dataDir, log, { spoolId: 'spool-2', source: 'simulator' })
  world.settleEvery = 7
  for (const n of [10, 60]) {
    await world.live(n)
    const { ticks, seq } = await world.read()
    expect(ticks).toEqual([...ticksOfDays, ...log.slice(0, seq)].sort(compareTicks))
  }
  await world.live()
  expect((await world.read()).ticks).toEqual([...ticksOfDays, ...log].sort(compareTicks))
  expect((await listWholeDays(here.dataDir)).map(({ path }) => parseSealedPath(path)?.tt)).toEqual(['bid_ask', 'last'])
})
