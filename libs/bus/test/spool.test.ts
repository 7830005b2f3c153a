import { cp, mkdir, open as openFile, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { openSpool } from '../src/spool.ts'
import type { SpoolRecord } from '../src/spool-record.ts'
import { segmentName } from '../src/spool-segment.ts'
import { range, record } from './support/lines.ts'
import { numbers, openIn, readAll, SpoolFolder, write } from './support/spool-folder.ts'

const plain = (records: readonly SpoolRecord[]) =>
  records.map(({ payload, ...rest }) => ({ ...rest, text: Buffer.from(payload).toString() }))

/** Some writes of some records each, and the bytes of the segment as they left it. */
async function written(folder: SpoolFolder, writes: readonly (readonly SpoolRecord[])[]) {
  const path = join(folder.path, segmentName(1))
  const ends: number[] = []
  await using spool = await openIn(folder)
  for (const records of writes) {
    await write(spool, records)
    ends.push((await readFile(path)).findLastIndex((byte) => byte !== 0) + 1)
  }
  return { path, ends, bytes: await readFile(path) }
}

describe('spool', () => {
  it('gives back what was written, after closing too, and goes on with the next number', async () => {
    await using folder = await SpoolFolder.make()
    const records = range(1, 50).map((n) => record(n, n, n % 2 === 0 ? { k: 2, n: 2 } : undefined))
    let id: string
    {
      await using spool = await openIn(folder)
      id = spool.id
      expect([spool.low, spool.end]).toEqual([1, 0])
      await write(spool, records)
      expect(plain(await readAll(spool))).toEqual(plain(records))
    }
    await using spool = await openIn(folder)
    expect([spool.id, spool.low, spool.end]).toEqual([id, 1, 50])
    expect(spool.lastRecord?.n).toBe(50)
    await write(spool, [record(51)])
    expect(numbers(await readAll(spool))).toEqual(range(1, 51))
  })

  it('goes on in a new segment when one is full, and reads across them', async () => {
    await using folder = await SpoolFolder.make()
    const records = range(1, 30).map((n) => record(n, 1_000_000))
    {
      await using spool = await openIn(folder)
      for (const one of records) await write(spool, [one])
      expect((await readdir(folder.path)).filter((name) => name.endsWith('.spool')).length).toBeGreaterThan(3)
      expect(numbers(await readAll(spool))).toEqual(range(1, 30))
    }
    await using spool = await openIn(folder)
    expect(numbers(await readAll(spool))).toEqual(range(1, 30))
    expect(numbers(await spool.readFrom(29))[0]).toBe(29)
  })

  it('takes a write that is larger than a segment', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      await write(spool, [record(1)])
      await write(
        spool,
        range(2, 21).map((n) => record(n, 500_000)),
      )
      await write(spool, [record(22)])
    }
    await using spool = await openIn(folder)
    expect(numbers(await readAll(spool))).toEqual(range(1, 22))
  })

  it('regression: half of a write that the disk refused stayed in a segment when the next one was begun, and the spool could not be opened any more', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      await write(spool, [record(1, 6_000_000)])
      spool.append([record(2, 1_000_000)])
      await using handle = await openFile(folder.path)
      const file = Object.getPrototypeOf(handle) as {
        write: (...place: [bytes: Buffer, offset: number, length: number, at: number]) => Promise<void>
      }
      const { write: whole } = file
      const refused = jest.spyOn(file, 'write')
      refused.mockImplementationOnce(async function (this: unknown, bytes, offset, length, at) {
        await whole.call(this, bytes, offset, Math.floor(length / 2), at)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }) // a file system that copies on write
      })
      try {
        await expect(spool.sync()).rejects.toThrow('ENOSPC')
      } finally {
        refused.mockRestore()
      }
      await write(spool, [record(3, 1_000_000), record(4, 1_000_000)]) // more than the segment has room for
    }
    await using spool = await openIn(folder)
    expect(numbers(await readAll(spool))).toEqual(range(1, 4))
    expect(spool.end).toBe(4)
  })

  it('makes durable what it finds, before anything of it can be sent: a killed ingest may have left it in the cache alone', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
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
      await using spool = await openIn(folder)
      expect(spool.end).toBe(20)
      expect(new Set(paths)).toEqual(new Set([...segments, folder.path]))
    } finally {
      synced.mockRestore()
    }
  })

  it('counts nothing before sync', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      await write(spool, [record(1)])
      spool.append([record(2)])
      expect(numbers(await readAll(spool))).toEqual([1])
    }
    await using spool = await openIn(folder)
    expect(spool.end).toBe(1)
  })

  it('refuses a second opener by name, and lets it in after close', async () => {
    await using folder = await SpoolFolder.make()
    const first = await openIn(folder)
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_LOCKED' })
    await first.close()
    await using second = await openIn(folder)
    expect(second.id).toBe(first.id)
  })

  it('refuses the other source', async () => {
    await using folder = await SpoolFolder.make()
    await (await openIn(folder)).close()
    await expect(openSpool(folder.path, { source: 'gateway' })).rejects.toMatchObject({ code: 'IBS_BUS_FOREIGN_LOG' })
  })

  it('regression: keeps its identity when that cannot be read, instead of taking a new one', async () => {
    await using folder = await SpoolFolder.make()
    const path = join(folder.path, 'spool.json')
    await writeFile(path, '')
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
    expect(await readFile(path, 'utf8')).toBe('')
    await rm(path)
    await mkdir(path) // there, and not readable
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'EISDIR' })
  })
})

/** Each run writes segments of 8 MiB: a slow disk makes fewer of them. */
const PROPERTY_WITHIN_MS = 8_000

describe('spool, torn and damaged', () => {
  const writes = [range(1, 3), range(4, 4), range(5, 9)].map((ns) => ns.map((n) => record(n, 10 * n)))

  it('property: cut at any byte it reopens to a prefix of whole records, and goes on', async () => {
    await using made = await SpoolFolder.make()
    const { ends, bytes } = await written(made, writes)
    const lastEnd = ends.at(-1) ?? 0
    const how = fc.constantFrom('shorter file', 'zeros', 'garbage')
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: lastEnd + 10 }), how, async (cut, kind) => {
        await using folder = await SpoolFolder.make()
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
          await using spool = await openIn(folder)
          end = spool.end
          expect(plain(await readAll(spool))).toEqual(plain(writes.flat().slice(0, end)))
          if (cut >= lastEnd) expect(end).toBe(9)
          await write(spool, [record(end + 1, 3)])
        }
        await using spool = await openIn(folder)
        expect(plain(await readAll(spool))).toEqual(plain([...writes.flat().slice(0, end), record(end + 1, 3)]))
      }),
      { numRuns: 40, interruptAfterTimeLimit: PROPERTY_WITHIN_MS },
    )
  })

  it('property: keeps a whole prefix of the last write whatever parts of it a power cut left', async () => {
    await using made = await SpoolFolder.make()
    const { ends, bytes } = await written(made, writes)
    const [safe = 0, lastEnd = 0] = ends.slice(-2)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: safe, max: lastEnd - 1 }), fc.integer({ min: 1, max: lastEnd }), async (from, length) => {
        await using folder = await SpoolFolder.make()
        await cp(made.path, folder.path, { recursive: true })
        const holed = Buffer.from(bytes)
        holed.fill(0, from, Math.min(lastEnd, from + length))
        await writeFile(join(folder.path, segmentName(1)), holed)
        await using spool = await openIn(folder)
        expect(spool.end).toBeGreaterThanOrEqual(4)
        expect(plain(await readAll(spool))).toEqual(plain(writes.flat().slice(0, spool.end)))
      }),
      { numRuns: 25, interruptAfterTimeLimit: PROPERTY_WITHIN_MS },
    )
  })

  it('regression: a record of a torn write does not come back behind a new one of the same length', async () => {
    await using folder = await SpoolFolder.make()
    const same = (n: number) => record(n, 4)
    const { ends, bytes, path } = await written(folder, [[same(1)], [same(2), same(3), same(4)]])
    const [safe = 0, lastEnd = 0] = ends
    const holed = Buffer.from(bytes)
    holed.fill(0, safe, safe + (lastEnd - safe) / 3) // the page of record 2 never reached the disk, those of 3 and 4 did
    await writeFile(path, holed)
    {
      await using spool = await openIn(folder)
      expect(spool.end).toBe(1)
      await write(spool, [same(2)])
    }
    await using spool = await openIn(folder)
    expect(numbers(await readAll(spool))).toEqual([1, 2])
  })

  it('regression: a damaged record in front of a later write is refused, and nothing is changed', async () => {
    await using folder = await SpoolFolder.make()
    const { ends, bytes, path } = await written(folder, writes)
    for (const at of [3, 30, (ends[0] ?? 0) + 40]) {
      const bad = Buffer.from(bytes)
      bad[at] = (bad[at] ?? 0) ^ 0xff
      await writeFile(path, bad)
      await expect(openIn(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
      expect((await readFile(path)).equals(bad)).toBe(true)
    }
  })

  it('refuses damage in a segment that is not the last', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      for (const n of range(1, 10)) await write(spool, [record(n, 1_000_000)])
    }
    const path = join(folder.path, segmentName(1))
    const bytes = await readFile(path)
    bytes[7_000_000] = 0
    await writeFile(path, bytes)
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
  })

  it('regression: damage found while reading back is said, not passed over as lost numbers', async () => {
    await using folder = await SpoolFolder.make()
    await using spool = await openIn(folder)
    for (const n of range(1, 5)) await write(spool, [record(n)])
    const path = join(folder.path, segmentName(1))
    const bytes = await readFile(path)
    bytes[100] = (bytes[100] ?? 0) ^ 0xff
    await writeFile(path, bytes)
    await expect(spool.readFrom(4)).rejects.toMatchObject({ code: 'IBS_BUS_SPOOL_DAMAGED' })
  })

  it('starts over in a segment that was made and never written', async () => {
    await using folder = await SpoolFolder.make()
    {
      await using spool = await openIn(folder)
      await write(spool, [record(1)])
    }
    await writeFile(join(folder.path, segmentName(2)), '')
    await using spool = await openIn(folder)
    expect([spool.end, spool.lastRecord?.n]).toEqual([1, 1])
    await write(spool, [record(2)])
    expect(numbers(await readAll(spool))).toEqual([1, 2])
  })
})
