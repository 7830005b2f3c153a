import { cp, mkdir, mkdtemp, open as openFile, readdir, readFile, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { waitFor } from '../../../test/support/wait-for.ts'
import { cutBatch } from '../src/batch-cutter.ts'
import { openSpool, type Spool } from '../src/spool.ts'
import type { SpoolRecord } from '../src/spool-record.ts'
import { SEGMENT_BYTES, segmentName } from '../src/spool-segment.ts'
import { range, record } from './support/lines.ts'

class Folder implements AsyncDisposable {
  readonly path: string
  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'ibs-spool-')))
  }
  constructor(path: string) {
    this.path = path
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

const open = (folder: Folder | string, keptAfterAckMs?: number): Promise<Spool> =>
  openSpool(typeof folder === 'string' ? folder : folder.path, {
    source: 'simulator',
    ...(keptAfterAckMs === undefined ? {} : { keptAfterAckMs }),
  })

async function write(spool: Spool, records: readonly SpoolRecord[]): Promise<void> {
  spool.append(records)
  await spool.sync()
}

async function readAll(spool: Spool): Promise<SpoolRecord[]> {
  const all: SpoolRecord[] = []
  for (let n = spool.low; ; ) {
    const records = await spool.readFrom(n)
    all.push(...records)
    const last = records.at(-1)
    if (!last) return all
    n = last.n + 1
  }
}
const numbers = (records: readonly SpoolRecord[]): number[] => records.map(({ n }) => n)
const plain = (records: readonly SpoolRecord[]) =>
  records.map(({ payload, ...rest }) => ({ ...rest, text: Buffer.from(payload).toString() }))

const textOf = (record: SpoolRecord | undefined): string => Buffer.from(record?.payload ?? []).toString()

/** Some writes of some records each, and the bytes of the segment as they left it. */
async function written(folder: Folder, writes: readonly (readonly SpoolRecord[])[]) {
  const path = join(folder.path, segmentName(1))
  const ends: number[] = []
  await using spool = await open(folder)
  for (const records of writes) {
    await write(spool, records)
    ends.push((await readFile(path)).findLastIndex((byte) => byte !== 0) + 1)
  }
  return { path, ends, bytes: await readFile(path) }
}

describe('spool', () => {
  it('gives back what was written, after closing too, and goes on with the next number', async () => {
    await using folder = await Folder.make()
    const records = range(1, 50).map((n) => record(n, n, n % 2 === 0 ? { k: 2, n: 2 } : undefined))
    let id: string
    {
      await using spool = await open(folder)
      id = spool.id
      expect([spool.low, spool.end]).toEqual([1, 0])
      await write(spool, records)
      expect(plain(await readAll(spool))).toEqual(plain(records))
    }
    await using spool = await open(folder)
    expect([spool.id, spool.low, spool.end]).toEqual([id, 1, 50])
    expect(spool.lastRecord?.n).toBe(50)
    await write(spool, [record(51)])
    expect(numbers(await readAll(spool))).toEqual(range(1, 51))
  })

  it('goes on in a new segment when one is full, and reads across them', async () => {
    await using folder = await Folder.make()
    const records = range(1, 30).map((n) => record(n, 1_000_000))
    {
      await using spool = await open(folder)
      for (const one of records) await write(spool, [one])
      expect((await readdir(folder.path)).filter((name) => name.endsWith('.spool')).length).toBeGreaterThan(3)
      expect(numbers(await readAll(spool))).toEqual(range(1, 30))
    }
    await using spool = await open(folder)
    expect(numbers(await readAll(spool))).toEqual(range(1, 30))
    expect(numbers(await spool.readFrom(29))[0]).toBe(29)
  })

  it('takes a write that is larger than a segment', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      await write(spool, [record(1)])
      await write(
        spool,
        range(2, 21).map((n) => record(n, 500_000)),
      )
      await write(spool, [record(22)])
    }
    await using spool = await open(folder)
    expect(numbers(await readAll(spool))).toEqual(range(1, 22))
  })

  it('makes durable what it finds, before anything of it can be sent: a killed ingest may have left it in the cache alone', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
    }
    const segments = (await readdir(folder.path)).filter((name) => name.endsWith('.spool')).map((name) => join(folder.path, name))
    await using handle = await openFile(folder.path)
    const { sync } = handle
    const synced = jest.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync')
    const paths: string[] = []
    synced.mockImplementation(async function (this: typeof handle) {
      paths.push(await readlink(`/proc/self/fd/${this.fd}`))
      await sync.call(this)
    })
    try {
      await using spool = await open(folder)
      expect(spool.end).toBe(20)
      expect(new Set(paths)).toEqual(new Set([...segments, folder.path]))
    } finally {
      synced.mockRestore()
    }
  })

  it('counts nothing before sync', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      await write(spool, [record(1)])
      spool.append([record(2)])
      expect(numbers(await readAll(spool))).toEqual([1])
    }
    await using spool = await open(folder)
    expect(spool.end).toBe(1)
  })

  it('refuses a second opener by name, and lets it in after close', async () => {
    await using folder = await Folder.make()
    const first = await open(folder)
    await expect(open(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_LOCKED' })
    await first.close()
    await using second = await open(folder)
    expect(second.id).toBe(first.id)
  })

  it('refuses the other source', async () => {
    await using folder = await Folder.make()
    await (await open(folder)).close()
    await expect(openSpool(folder.path, { source: 'gateway' })).rejects.toMatchObject({ code: 'IBS_BUS_FOREIGN_LOG' })
  })

  it('regression: keeps its identity when that cannot be read, instead of taking a new one', async () => {
    await using folder = await Folder.make()
    const path = join(folder.path, 'spool.json')
    await writeFile(path, '')
    await expect(open(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
    expect(await readFile(path, 'utf8')).toBe('')
    await rm(path)
    await mkdir(path) // there, and not readable
    await expect(open(folder)).rejects.toMatchObject({ code: 'EISDIR' })
  })
})

/** Each run writes segments of 8 MiB: a slow disk makes fewer of them. */
const PROPERTY_WITHIN_MS = 8_000

describe('spool, torn and damaged', () => {
  const writes = [range(1, 3), range(4, 4), range(5, 9)].map((ns) => ns.map((n) => record(n, 10 * n)))

  it('property: cut at any byte it reopens to a prefix of whole records, and goes on', async () => {
    await using made = await Folder.make()
    const { ends, bytes } = await written(made, writes)
    const lastEnd = ends.at(-1) ?? 0
    const how = fc.constantFrom('shorter file', 'zeros', 'garbage')
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: lastEnd + 10 }), how, async (cut, kind) => {
        await using folder = await Folder.make()
        await cp(made.path, folder.path, { recursive: true })
        const path = join(folder.path, segmentName(1))
        if (kind === 'shorter file') await truncate(path, cut)
        else
          await writeFile(
            path,
            Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(kind === 'zeros' ? 100_000 : 333, kind === 'zeros' ? 0 : 7)]),
          )
        let end: number
        {
          await using spool = await open(folder)
          end = spool.end
          expect(plain(await readAll(spool))).toEqual(plain(writes.flat().slice(0, end)))
          if (cut >= lastEnd) expect(end).toBe(9)
          await write(spool, [record(end + 1, 3)])
        }
        await using spool = await open(folder)
        expect(plain(await readAll(spool))).toEqual(plain([...writes.flat().slice(0, end), record(end + 1, 3)]))
      }),
      { numRuns: 40, interruptAfterTimeLimit: PROPERTY_WITHIN_MS },
    )
  })

  it('property: keeps a whole prefix of the last write whatever parts of it a power cut left', async () => {
    await using made = await Folder.make()
    const { ends, bytes } = await written(made, writes)
    const [safe = 0, lastEnd = 0] = ends.slice(-2)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: safe, max: lastEnd - 1 }), fc.integer({ min: 1, max: lastEnd }), async (from, length) => {
        await using folder = await Folder.make()
        await cp(made.path, folder.path, { recursive: true })
        const holed = Buffer.from(bytes)
        holed.fill(0, from, Math.min(lastEnd, from + length))
        await writeFile(join(folder.path, segmentName(1)), holed)
        await using spool = await open(folder)
        expect(spool.end).toBeGreaterThanOrEqual(4)
        expect(plain(await readAll(spool))).toEqual(plain(writes.flat().slice(0, spool.end)))
      }),
      { numRuns: 25, interruptAfterTimeLimit: PROPERTY_WITHIN_MS },
    )
  })

  it('regression: a record of a torn write does not come back behind a new one of the same length', async () => {
    await using folder = await Folder.make()
    const same = (n: number) => record(n, 4)
    const { ends, bytes, path } = await written(folder, [[same(1)], [same(2), same(3), same(4)]])
    const [safe = 0, lastEnd = 0] = ends
    const holed = Buffer.from(bytes)
    holed.fill(0, safe, safe + (lastEnd - safe) / 3) // the page of record 2 never reached the disk, those of 3 and 4 did
    await writeFile(path, holed)
    {
      await using spool = await open(folder)
      expect(spool.end).toBe(1)
      await write(spool, [same(2)])
    }
    await using spool = await open(folder)
    expect(numbers(await readAll(spool))).toEqual([1, 2])
  })

  it('regression: a damaged record in front of a later write is refused, and nothing is changed', async () => {
    await using folder = await Folder.make()
    const { ends, bytes, path } = await written(folder, writes)
    for (const at of [3, 30, (ends[0] ?? 0) + 40]) {
      const bad = Buffer.from(bytes)
      bad[at] = (bad[at] ?? 0) ^ 0xff
      await writeFile(path, bad)
      await expect(open(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
      expect((await readFile(path)).equals(bad)).toBe(true)
    }
  })

  it('refuses damage in a segment that is not the last', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      for (const n of range(1, 10)) await write(spool, [record(n, 1_000_000)])
    }
    const path = join(folder.path, segmentName(1))
    const bytes = await readFile(path)
    bytes[7_000_000] = 0
    await writeFile(path, bytes)
    await expect(open(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
  })

  it('regression: damage found while reading back is said, not passed over as lost numbers', async () => {
    await using folder = await Folder.make()
    await using spool = await open(folder)
    for (const n of range(1, 5)) await write(spool, [record(n)])
    const path = join(folder.path, segmentName(1))
    const bytes = await readFile(path)
    bytes[100] = (bytes[100] ?? 0) ^ 0xff
    await writeFile(path, bytes)
    await expect(spool.readFrom(4)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
  })

  it('starts over in a segment that was made and never written', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      await write(spool, [record(1)])
    }
    await writeFile(join(folder.path, segmentName(2)), '')
    await using spool = await open(folder)
    expect([spool.end, spool.lastRecord?.n]).toEqual([1, 1])
    await write(spool, [record(2)])
    expect(numbers(await readAll(spool))).toEqual([1, 2])
  })
})

describe('spool, numbers and age', () => {
  it('regression: st goes on from the newest line of the last batch, not from its last message', async () => {
    await using folder = await Folder.make()
    const part = (n: number, stamps: number[], k: number): SpoolRecord => ({
      n,
      subject: `ticks.${k}.last`,
      payload: Buffer.from(stamps.map((st) => `{"st":${st}}\n`).join('')),
      batch: { k, n: 3 },
    })
    {
      await using spool = await open(folder)
      await write(spool, [record(500)]) // an earlier batch does not count, whatever its stamps
      await write(spool, [part(501, [10, 40], 1), part(502, [20, 90], 2), part(503, [30, 50], 3)])
    }
    await using spool = await open(folder)
    expect(spool.lastRecord?.n).toBe(502)
  })

  it('regression: of a batch that a kill tore the first line alone shows that nothing before it is missing', async () => {
    await using folder = await Folder.make()
    const lines = [10, 20, 30, 40, 50].flatMap((st) => [
      { subject: 'ticks.1.bid_ask', line: `{"st":${st}}` },
      { subject: 'ticks.1.last', line: `{"st":${st + 5}}` },
    ])
    {
      await using spool = await open(folder)
      const { records } = cutBatch(lines, 1)
      expect(records.map(({ batch }) => batch)).toEqual([
        { k: 1, n: 2 },
        { k: 2, n: 2 },
      ])
      await write(spool, records)
    }
    {
      await using spool = await open(folder)
      expect(textOf(spool.lastTicks)).toBe('{"st":15}\n{"st":25}\n{"st":35}\n{"st":45}\n{"st":55}\n')
    }
    const path = join(folder.path, segmentName(1))
    const bytes = await readFile(path)
    await writeFile(path, bytes.fill(0, bytes.indexOf('{"st":55}'))) // as written page by page until the kill
    await using spool = await open(folder)
    expect([spool.end, textOf(spool.lastRecord), textOf(spool.lastTicks)]).toEqual([
      1,
      '{"st":10}\n{"st":20}\n{"st":30}\n{"st":40}\n{"st":50}\n',
      '{"st":10}\n', // {"st":15} is missing
    ])
  })

  it('regression: keeps a record for the whole time after its confirmation, however long ago it was written', async () => {
    await using folder = await Folder.make()
    const keptMs = 300
    await using spool = await open(folder, keptMs)
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
    await using folder = await Folder.make()
    await using spool = await open(folder, 1)
    for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
    await spool.trim(20)
    for (const startMs = performance.now(); performance.now() < startMs + 5; ) await spool.trim(3)
    expect(spool.low).toBe(1)
  })

  it('trims whole segments that are confirmed and old enough, never the one in use', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder, 0)
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
    await using spool = await open(folder)
    expect([spool.end, spool.lastRecord?.n]).toEqual([20, 20])
  })

  it('goes on trimming when a file was already removed', async () => {
    await using folder = await Folder.make()
    await using spool = await open(folder, 0)
    for (const n of range(1, 20)) await write(spool, [record(n, 1_000_000)])
    await rm(join(folder.path, segmentName(1)))
    await spool.trim(20)
    expect(spool.low).toBeGreaterThan(8)
  })

  it('regression: skipping ahead while a write is under way changes nothing of it', async () => {
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      await write(spool, [record(1)])
      spool.append([record(2), record(3)])
      const writing = spool.sync()
      spool.skipTo(101)
      await writing
      expect(spool.end).toBe(100)
      await write(spool, [record(101)])
      expect(numbers(await readAll(spool))).toEqual([1, 2, 3, 101])
    }
    await using spool = await open(folder)
    expect([spool.low, spool.end]).toEqual([1, 101])
    expect(numbers(await readAll(spool))).toEqual([1, 2, 3, 101])
  })

  it('regression: what is appended while the next segment is begun was in no write, and its numbers became lost events', async () => {
    await using folder = await Folder.make()
    await using spool = await open(folder)
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
    await using folder = await Folder.make()
    {
      await using spool = await open(folder)
      spool.skipTo(101)
      expect([spool.low, spool.end]).toEqual([101, 100])
      await write(spool, [record(101)])
    }
    await using spool = await open(folder)
    expect([spool.low, spool.end]).toEqual([101, 101])
    expect((await stat(join(folder.path, segmentName(101)))).size).toBe(SEGMENT_BYTES)
  })
})
