import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { parseSealedPath } from '../../src/layout/sealed-path.ts'
import { type ArchiveSight, type IsWanted, lookAtArchive } from '../../src/parquet/archive-sight.ts'
import { decodeSealed } from '../../src/parquet/sealed-rows.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf } from './archive-world.ts'

const TICKS = 40
const TIMEOUT_MS = 120_000

async function ticksOf(dataDir: string, { sealed, waiting }: ArchiveSight): Promise<TickMessage[]> {
  const ticks: TickMessage[] = []
  for (const path of sealed) ticks.push(...(await decodeSealed(await readFile(join(dataDir, path)), path)))
  for (const { path, bytes, count } of waiting) {
    const found = await decodeSealed(bytes, path)
    expect([found.length, parseSealedPath(path)?.path]).toEqual([count, path])
    ticks.push(...found)
  }
  return ticks.sort(compareTicks)
}

async function lived(dataDir: string): Promise<ArchiveWorld> {
  const world = new ArchiveWorld(dataDir, logOf(TICKS))
  await world.live()
  return world
}

it(
  'has every committed tick once at whatever moment its writer was killed, sealed or as rows that wait',
  async () => {
    await using whole = await temporaryDataDir()
    const { effects } = await lived(whole.dataDir)
    // a sealed file has its name, and the rows in it are still listed
    const named = effects.findIndex(({ call, path }) => call === 'rename' && /\d\d\.parquet\.tmp$/.test(path)) + 1
    const spread = [1, 2, 3, 4, 5, 6].map((part) => Math.floor((part * effects.length) / 6))
    for (const n of [named, ...spread]) {
      await using at = await temporaryDataDir()
      const world = new ArchiveWorld(at.dataDir, logOf(TICKS))
      await world.live(n)
      const { ticks } = await world.read()
      expect({ n, ticks: await ticksOf(at.dataDir, await lookAtArchive(at.dataDir)) }).toEqual({ n, ticks })
    }
  },
  TIMEOUT_MS,
)

it(
  'stands still until a sealed file is replaced',
  async () => {
    await using whole = await temporaryDataDir()
    const { effects } = await lived(whole.dataDir)
    await using at = await temporaryDataDir()
    const world = new ArchiveWorld(at.dataDir, logOf(TICKS))
    await world.live(Math.floor(effects.length * 0.7))
    const sight = await lookAtArchive(at.dataDir)
    expect([await sight.isStill(), sight.sealed.length > 0]).toEqual([true, true])
    await world.live()
    expect(await sight.isStill()).toBe(false)
    expect(await ticksOf(at.dataDir, await lookAtArchive(at.dataDir))).toEqual(logOf(TICKS).sort(compareTicks))
  },
  TIMEOUT_MS,
)

it(
  'has of the wanted days what the whole has of them',
  async () => {
    await using whole = await temporaryDataDir()
    const { effects } = await lived(whole.dataDir)
    await using at = await temporaryDataDir()
    const world = new ArchiveWorld(at.dataDir, logOf(TICKS))
    await world.live(Math.floor(effects.length * 0.7))
    const { ticks } = await world.read()
    const [first] = ticks
    const keyOf = (cid: number, tt: string, us: number) => `${cid} ${tt} ${Math.floor(us / US_PER_DAY)}`
    const key = keyOf(first?.cid ?? 0, first?.tt ?? '', first?.ts ?? 0)
    const isThat: IsWanted = ({ cid, tt, dayUs }) => (dayUs === undefined ? key.startsWith(`${cid} ${tt} `) : keyOf(cid, tt, dayUs) === key)
    const found = async (isWanted: IsWanted) => await ticksOf(at.dataDir, await lookAtArchive(at.dataDir, isWanted))
    const wanted = ticks.filter(({ cid, tt, ts }) => keyOf(cid, tt, ts) === key)
    expect(wanted.length).toBeGreaterThan(0)
    expect(wanted.length).toBeLessThan(ticks.length)
    expect(await found(isThat)).toEqual(wanted)
    expect(await found((of) => of.dayUs === undefined || !isThat(of))).toEqual(ticks.filter((tick) => !wanted.includes(tick)))
  },
  TIMEOUT_MS,
)
