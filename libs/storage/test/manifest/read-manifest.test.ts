import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hourOf, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { dayOf, manifestPath, parseManifestPath } from '../../src/layout/manifest-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { decodeManifestEntry, encodeManifestEntry, type ManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { decodeManifest, readManifests } from '../../src/manifest/read-manifest.ts'
import { temporaryDataDir } from '../data-dir.ts'

const HOUR_US = hourOf(1753884000_000000)
const pathAt = (hourUs: number) => segmentPath({ backend: 'json', cid: 8314, tt: 'last', hourUs })

const entryAt = (hourUs: number, about: Partial<ManifestEntry> = {}): ManifestEntry => ({
  path: pathAt(hourUs),
  bytes: 1310,
  crc32c: 0xbeef,
  count: 10,
  firstTs: hourUs,
  lastTs: hourUs + 9,
  lastSt: hourUs + 12,
  firstSeq: 3,
  lastSeq: 12,
  sorted: true,
  ...about,
})

describe('a manifest line', () => {
  it('comes back as it was', () => {
    for (const entry of [entryAt(HOUR_US), entryAt(HOUR_US, { sorted: false, removedUs: 5, crc32c: 0xffffffff })]) {
      expect(decodeManifestEntry(encodeManifestEntry(entry))).toEqual(entry)
    }
  })

  it('property: is nothing when cut or changed anywhere', () => {
    const line = encodeManifestEntry(entryAt(HOUR_US))
    for (let cut = 0; cut < line.length - 1; cut++) expect(decodeManifestEntry(line.slice(0, cut))).toBeUndefined()
    fc.assert(
      fc.property(fc.nat(line.length - 2), fc.string({ minLength: 1, maxLength: 2 }), (at, put) => {
        const changed = line.slice(0, at) + put + line.slice(at + put.length)
        if (changed !== line && changed !== `${line}\n`) expect(decodeManifestEntry(changed)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it.each([{ bytes: -1 }, { count: 0.5 }, { sorted: 1 as unknown as boolean }, { path: 7 as unknown as string }])(
    'is nothing when its facts cannot be, though its sum is right: %j',
    (wrong) => {
      expect(decodeManifestEntry(encodeManifestEntry({ ...entryAt(HOUR_US), ...wrong }))).toBeUndefined()
    },
  )
})

describe('a manifest file', () => {
  it('gives the newest entry of each file, and says which lines it could not read', () => {
    const [old, other, newer] = [entryAt(HOUR_US), entryAt(HOUR_US + US_PER_HOUR), entryAt(HOUR_US, { bytes: 2000, count: 16 })]
    const lines = [old, other, newer].map(encodeManifestEntry)
    const torn = (lines[1] ?? '').slice(0, 30)
    const manifest = decodeManifest('m', Buffer.from(`${lines[0]}not a line\n${lines[1]}${lines[2]}${torn}`))
    expect(manifest.entries).toEqual(
      new Map([
        [newer.path, newer],
        [other.path, other],
      ]),
    )
    const first = lines[0]?.length ?? 0
    expect(manifest.damage).toEqual([
      { path: 'm', offsetBytes: first, bytes: 11 },
      { path: 'm', offsetBytes: first + 11 + (lines[1]?.length ?? 0) + (lines[2]?.length ?? 0), bytes: 30 },
    ])
  })

  it('is read for the days of a range only, and to its committed length where it is listed', async () => {
    await using at = await temporaryDataDir()
    const query = { dataDir: at.dataDir, backend: 'json', partition: 9 } as const
    const dayUs = dayOf(HOUR_US)
    const days = [dayUs - US_PER_DAY, dayUs, dayUs + US_PER_DAY]
    const written: string[] = []
    for (const day of days) {
      const path = manifestPath({ ...query, dayUs: day })
      const text = [entryAt(day), entryAt(day + US_PER_HOUR)].map(encodeManifestEntry).join('')
      await mkdir(dirname(join(at.dataDir, path)), { recursive: true })
      await writeFile(join(at.dataDir, path), text)
      written.push(path)
    }
    const hour = await readManifests({ ...query, startUs: HOUR_US, endUs: HOUR_US + 1 }, {})
    expect([...hour.entries.keys()]).toEqual([pathAt(dayUs), pathAt(dayUs + US_PER_HOUR)])
    const firstLine = encodeManifestEntry(entryAt(days[2] ?? 0)).length
    const twoDays = { ...query, startUs: dayUs + US_PER_DAY - 1, endUs: dayUs + US_PER_DAY + 1 }
    const listed = await readManifests(twoDays, { [written[2] ?? '']: firstLine })
    expect([...listed.entries.keys()]).toEqual([pathAt(dayUs), pathAt(dayUs + US_PER_HOUR), pathAt(dayUs + US_PER_DAY)])
    expect(listed.damage).toEqual([])
    expect((await readManifests({ ...query, startUs: 0, endUs: US_PER_DAY }, {})).entries.size).toBe(0)
    const always = await readManifests({ ...query, startUs: 0, endUs: 2 ** 52 }, {})
    expect([...always.entries.keys()]).toEqual(days.flatMap((day) => [pathAt(day), pathAt(day + US_PER_HOUR)]))
    const half = await readManifests({ ...query, startUs: dayUs + 1, endUs: dayUs + 30 * US_PER_DAY }, {})
    expect(half.entries.size).toBe(4)
  })

  it('regression: a range of a hundred years is not a look at each of its days', async () => {
    await using at = await temporaryDataDir()
    const startedMs = performance.now()
    for (let i = 0; i < 20; i++)
      await readManifests({ dataDir: at.dataDir, backend: 'json', partition: 9, startUs: 0, endUs: 36_525 * US_PER_DAY }, {})
    expect(performance.now() - startedMs).toBeLessThan(2_000) // 730,000 looks take half a minute
  })

  it('has a path that names its partition and day', () => {
    const path = manifestPath({ backend: 'pb', partition: 'events', dayUs: HOUR_US })
    expect(path).toBe('.state/pb/manifest/2025-07-30/events.jsonl')
    expect(parseManifestPath(path)).toEqual({ backend: 'pb', partition: 'events', dayUs: dayOf(HOUR_US) })
    for (const wrong of [
      '.state/pb/manifest/2025-02-30/09.jsonl',
      '.state/pb/manifest/2025-07-30/16.jsonl',
      '.state/x/manifest/2025-07-30/09.jsonl',
    ]) {
      expect(parseManifestPath(wrong)).toBeUndefined()
    }
  })
})
