import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, hourOf, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import {
  encodeTickJson,
  type ImportFault,
  type ImportOptions,
  importTicks,
  openPartitionStore,
  openRange,
  repair,
  verify,
} from '../../src/index.ts'
import { sealedDayPath, sealedHourPath } from '../../src/layout/sealed-path.ts'
import { readFooter } from '../../src/parquet/sealed-file.ts'
import { compareBackends } from '../../src/verify/compare.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { ArchiveWorld, logOf, PARTITION } from '../parquet/archive-world.ts'
import { CID, START_US, takeTick, tickAt } from '../recorded-tree.ts'

const DAY = { cid: CID, tt: 'bid_ask', dayUs: START_US - (START_US % US_PER_DAY) } as const
const GATEWAY = { spoolId: 'spool-1', source: 'gateway' as const }
const OLD_US = DAY.dayUs - 40 * US_PER_DAY + 9 * US_PER_HOUR

/** Quotes of another recording, 50 an hour. */
const quotes = (fromUs: number, count: number): TickMessage[] =>
  Array.from({ length: count }, (_, n) => {
    const ts = fromUs + Math.floor((n * US_PER_HOUR) / 50)
    return { ts, st: ts + 250_000, cid: CID, tt: 'bid_ask', rid: 77, bp: 5000 + n / 4, bs: n, ap: 5001 + n / 4, as: 1 }
  })

async function sourceOf(folder: string, name: string, ticks: readonly TickMessage[]): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  await writeFile(path, ticks.map((tick) => `${encodeTickJson(tick)}\n`).join(''))
  return path
}

async function run(options: ImportOptions) {
  const faults: ImportFault[] = []
  const report = await importTicks({ ...options, onFault: (fault) => faults.push(fault) })
  return { report, faults }
}

async function archived(dataDir: string): Promise<TickMessage[]> {
  const about = { dataDir, backends: ['parquet'] as const, cids: [CID], tts: ['bid_ask', 'last'] as const }
  await using range = await openRange({ ...about, startUs: 0, endUs: START_US + 9 * US_PER_DAY })
  const ticks: TickMessage[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  return ticks
}

async function footerOf(dataDir: string, path: string) {
  const bytes = await readFile(join(dataDir, path))
  return (await readFooter({ path, sizeBytes: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) })).facts
}

const hour = (n: number) => sealedHourPath({ ...DAY, dayUs: OLD_US - (OLD_US % US_PER_DAY) }, hourOf(OLD_US) + n * US_PER_HOUR)

describe('import into the archive', () => {
  it('makes sealed files of hours that hold nothing by a log; twice is once, and more is added', async () => {
    await using at = await temporaryDataDir()
    await using from = await temporaryDataDir()
    const first = await sourceOf(from.dataDir, 'a.jsonl', quotes(OLD_US, 120))
    const options = { to: at.dataDir, backends: ['parquet'] as const, sources: [first] }
    const dry = await run({ ...options, dryRun: true })
    expect(dry).toMatchObject({ report: { written: { parquet: { files: 3, ticks: 120, bytes: expect.any(Number) } } }, faults: [] })
    expect(dry.report.written.parquet.bytes).toBeGreaterThan(500)
    expect(await readdir(at.dataDir).catch(() => [])).not.toContain('parquet')
    expect((await run(options)).report).toMatchObject({ added: 120, written: { parquet: { files: 3, ticks: 120 }, json: { files: 0 } } })
    expect(await archived(at.dataDir)).toEqual(quotes(OLD_US, 120))
    const { spoolId, ...facts } = await footerOf(at.dataDir, hour(0))
    expect([spoolId, facts]).toEqual([undefined, expect.objectContaining({ seq: 0, count: 50 })])
    const again = await run({ ...options, again: true })
    expect(again.report).toMatchObject({ added: 0, written: { parquet: { files: 0 } } })
    const second = await sourceOf(from.dataDir, 'b.jsonl', quotes(OLD_US, 150))
    expect((await run({ ...options, sources: [second] })).report).toMatchObject({
      added: 30,
      written: { parquet: { files: 1, ticks: 30 } },
    })
    expect(await archived(at.dataDir)).toEqual(quotes(OLD_US, 150))
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
  })

  it('with the open files gives all three the same, and repair makes one from another', async () => {
    await using at = await temporaryDataDir()
    await using from = await temporaryDataDir()
    const source = await sourceOf(from.dataDir, 'a.jsonl', quotes(OLD_US, 120))
    await run({ to: at.dataDir, backends: ['json', 'pb', 'parquet'], sources: [source] })
    const compare = () => compareBackends({ dataDir: at.dataDir, backends: ['json', 'parquet'] })
    expect(await compare()).toMatchObject({ hours: 3, ticks: 120, differences: [] })
    const path = join(at.dataDir, hour(1))
    const whole = await readFile(path)
    for (const [begin, end] of [
      [10, 300],
      [whole.length - 40, whole.length - 10],
    ] as const) {
      await writeFile(path, Buffer.from(whole).fill(0, begin, end))
      expect((await compare()).differences).toHaveLength(1)
      expect((await repair({ dataDir: at.dataDir })).outcomes).toHaveLength(1)
      expect(await readFile(path)).toEqual(whole)
    }
  })

  it('leaves recorded hours alone unless --merge; then it adds to hours and to days what they lack, and the archive goes on from its log', async () => {
    await using at = await temporaryDataDir()
    await using from = await temporaryDataDir()
    const log = logOf(60)
    await new ArchiveWorld(at.dataDir, log, GATEWAY).live()
    const [inDay, inHour] = [quotes(START_US + 2 * US_PER_HOUR, 40), quotes(START_US + 14 * US_PER_HOUR, 40)]
    const source = await sourceOf(from.dataDir, 'a.jsonl', [...inDay, ...inHour])
    const options = { to: at.dataDir, backends: ['parquet'] as const, sources: [source] }
    const alone = await run(options)
    expect(alone.report).toMatchObject({ added: 0, leftOut: { hours: 2, ticks: 80 }, written: { parquet: { files: 0 } } })
    expect(await archived(at.dataDir)).toEqual(log.toSorted(compareTicks))
    const dayBefore = await footerOf(at.dataDir, sealedDayPath(DAY))
    const merged = await run({ ...options, merge: true })
    expect(merged.report).toMatchObject({ added: 80, leftOut: { hours: 0 }, written: { parquet: { files: 2, ticks: 80 } } })
    expect(await footerOf(at.dataDir, sealedDayPath(DAY))).toMatchObject({ seq: dayBefore.seq, count: dayBefore.count + 40 })
    expect(await archived(at.dataDir)).toEqual([...log, ...inDay, ...inHour].sort(compareTicks))
    expect((await run({ ...options, merge: true, again: true })).report).toMatchObject({ added: 0, written: { parquet: { files: 0 } } })
    expect((await verify({ dataDir: at.dataDir })).damage).toEqual([])
  })

  it('keeps rows that wait beside what is imported into their hour', async () => {
    await using at = await temporaryDataDir()
    await using from = await temporaryDataDir()
    const log = logOf(60)
    await new ArchiveWorld(at.dataDir, log, GATEWAY).live()
    const late = tickAt(62, 2)
    {
      await using store = await openPartitionStore({ dataDir: at.dataDir, backend: 'parquet', partition: PARTITION, source: GATEWAY })
      if (store === undefined) throw new Error('the partition is locked')
      for (let n = 60; n <= 62; n++) takeTick(store, 'parquet', n + 1, tickAt(n, 2))
      await store.commitDurable()
    }
    const imported = quotes(hourOf(late.ts), 40)
    const source = await sourceOf(from.dataDir, 'a.jsonl', imported)
    await run({ to: at.dataDir, backends: ['parquet'], sources: [source], merge: true })
    const all = [...Array.from({ length: 63 }, (_, n) => tickAt(n, 2)), ...imported].sort(compareTicks)
    expect(await archived(at.dataDir)).toEqual(all)
  })
})
