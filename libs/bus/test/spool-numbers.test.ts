import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { cutBatch } from '../src/batch-cutter.ts'
import type { SpoolRecord } from '../src/spool-record.ts'
import { SEGMENT_BYTES, segmentName } from '../src/spool-segment.ts'
import { range, record } from './support/lines.ts'
import { numbers, openIn, readAll, SpoolFolder, write } from './support/spool-folder.ts'

const textOf = (record: SpoolRecord | undefined): string => Buffer.from(record?.payload ?? []).toString()

describe('spool, numbers and age', () => {
  it('regression: st goes on from the newest line of the last batch, not from its last message', async () => {
    await using folder = await SpoolFolder.make()
    const part = (n: number, stamps: number[], k: number): SpoolRecord => ({
      n,
      subject: `ticks.${k}.last`,
      payload: Buffer.from(stamps.map((st) => `{"st":${st}}\n`).join('')),
      batch: { k, n: 3 },
    })
    {
      await using spool = await openIn(folder)
      await write(spool, [record(500)]) // an earlier batch does not count, whatever its stamps
      await write(spool, [part(501, [10, 40], 1), part(502, [20, 90], 2), part(503, [30, 50], 3)])
    }
    await using spool = await openIn(folder)
    expect(spool.lastRecord?.n).toBe(502)
  })

  it('regression: of a batch that a kill tore the first line alone shows that nothing before it is missing', async () => {
    await using folder = await SpoolFolder.make()
    const lines = [10, 20, 30, 40, 50].flatMap((st) => [
      { subject: 'ticks.1.bid_ask', line: `{"st":${st}}` },
      { subject: 'ticks.1.last', line: `{"st":${st + 5}}` },
    ])
    {
      await using spool = await openIn(folder)
      const { records } = cutBatch(lines, 1)
      expect(records.map(({ batch }) => batch)).toEqual([
        { k: 1, n: 2 },
        { k: 2, n: 2 },
      ])
      await write(spool, records)
    }
    {
      await using spool = await openIn(folder)
      expect(textOf(spool.lastTicks)).toBe('{"st":15}\n{"st":25}\n{"st":35}\n{"st":45}\n{"st":55}\n')
    }
    const path = join(folder.path, segmentName(1))
    const bytes = await readFile(path)
    await writeFile(path, bytes.fill(0, bytes.indexOf('{"st":55}'))) // as written page by page until the kill
    await using spool = await openIn(folder)
    expect([spool.end, textOf(spool.lastRecord), textOf(spool.lastTicks)]).toEqual([
      1,
      '{"st":10}\n{"st":20}\n{"st":30}\n{"st":40}\n{"st":50}\n',
      '{"st":10}\n', // {"st":15} is missing
    ])
  })

  it('regression: keeps a record for the whole time after its confirmation, however long ago it was written', async () => {
    await using folder = await SpoolFolder.make()
    const keptMs = 300
    await using spool = await openIn(folder, keptMs)
    for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
    const writtenMs = performance.now()
    await waitFor('a log that was away for long', () => performance.now() > writtenMs + 2 * keptMs)
    const confirmedMs = performance.now()
    await spool.trim(20)
    expect(spool.low).toBe(1)
    await waitFor('the trim', async () => {
      await spool.trim(20)
      return spool.low > 1
    })
    expect(performance.now()).toBeGreaterThan(confirmedMs + keptMs)
  })

  it('counts anew when the log has lost it again', async () => {
    await using folder = await SpoolFolder.make()
    await using spool = await openIn(folder, 1)
    for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
    await spool.trim(20)
    for (const startMs = performance.now(); performance.now() < startMs + 5; ) await spool.trim(3)
    expect(spool.low).toBe(1)
  })

  it('trims whole segments that are confirmed and old enough, never the one in use', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder, 0)
      for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
      await spool.trim(3)
      expect(spool.low).toBe(1)
      await spool.trim(12)
      expect(spool.low).toBeGreaterThan(1)
      expect(spool.low).toBeLessThanOrEqual(13)
      expect(numbers(await spool.readFrom(1))[0]).toBe(spool.low)
      await spool.trim(20)
      expect(spool.low).toBeLessThanOrEqual(20)
      expect((await readdir(folder.path)).filter((name) => name.endsWith('.spool'))).toHaveLength(1)
    }
    await using spool = await openIn(folder)
    expect([spool.end, spool.lastRecord?.n]).toEqual([20, 20])
  })

  it('goes on trimming when a file was already removed', async () => {
    await using folder = await SpoolFolder.make()
    await using spool = await openIn(folder, 0)
    for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
    await rm(join(folder.path, segmentName(1)))
    await spool.trim(20)
    expect(spool.low).toBeGreaterThan(8)
  })

  it('regression: skipping ahead while a write is under way changes nothing of it', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      await write(spool, [record(1)])
      spool.append([record(2), record(3)])
      const writing = spool.sync()
      spool.skipTo(101)
      await writing
      expect(spool.end).toBe(100)
      await write(spool, [record(101)])
      expect(numbers(await readAll(spool))).toEqual([1, 2, 3, 101])
    }
    await using spool = await openIn(folder)
    expect([spool.low, spool.end]).toEqual([1, 101])
    expect(numbers(await readAll(spool))).toEqual([1, 2, 3, 101])
  })

  it('regression: what is appended while the next segment is begun was in no write, and its numbers became lost events', async () => {
    await using folder = await SpoolFolder.make()
    await using spool = await openIn(folder)
    const wide = (n: number) => record(n, SEGMENT_BYTES / 3)
    await write(spool, [wide(1), wide(2)])
    spool.append([wide(3)]) // fits no more
    const syncing = spool.sync()
    spool.append([record(4), record(5)])
    await syncing
    expect([spool.end, spool.firstWaiting, numbers(await readAll(spool))]).toEqual([5, 4, [1, 2, 3]])
    await spool.sync()
    expect([spool.firstWaiting, numbers(await readAll(spool))]).toEqual([undefined, range(1, 5)])
  })

  it('skips ahead in a new spool', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      spool.skipTo(101)
      expect([spool.low, spool.end]).toEqual([101, 100])
      await write(spool, [record(101)])
    }
    await using spool = await openIn(folder)
    expect([spool.low, spool.end]).toEqual([101, 101])
    expect((await stat(join(folder.path, segmentName(101)))).size).toBe(SEGMENT_BYTES)
  })
})
