import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { manifestPath } from '../../src/layout/manifest-path.ts'
import { eventsPath } from '../../src/layout/segment-path.ts'
import { crc32c } from '../../src/manifest/crc32c.ts'
import { encodeManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { readManifests } from '../../src/manifest/read-manifest.ts'
import { encodeCheckpoint } from '../../src/segment/checkpoint.ts'
import { readCheckpoint } from '../../src/segment/read-position.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { gatedDisk } from './failing-disk.ts'
import { bytesOf, fileOf, HOUR_US, openOn, PARTITION, put, recordOf, source, takeTick, tickAt } from './store-on-disk.ts'

const FILE = fileOf()
const MANIFEST = manifestPath({ backend: 'json', partition: PARTITION, dayUs: HOUR_US })
/** Our stamp of a message with which the hour is closed. */
const CLOSING_US = HOUR_US + US_PER_HOUR + 600 * US_PER_SECOND

async function entryOf(
  dataDir: string,
  path = FILE,
  about: { backend?: 'json' | 'pb'; partition?: number | 'events'; atUs?: number } = {},
) {
  const { backend = 'json', partition = PARTITION, atUs = HOUR_US } = about
  return (await readManifests({ dataDir, backend, partition, startUs: atUs, endUs: atUs + 1 }, {})).entries.get(path)
}

async function listed(dataDir: string): Promise<Record<string, number>> {
  return (await readCheckpoint(dataDir, 'json', PARTITION))?.files ?? {}
}

describe.each(['json', 'pb'] as const)('a %s file whose hour closes', (backend) => {
  it('gets one manifest entry, which says what it holds', async () => {
    await using at = await temporaryDataDir()
    await using store = await openOn(at.dataDir, { backend })
    for (const us of [5, 5, 9]) takeTick(store, tickAt(HOUR_US + us, HOUR_US + us + store.seq), backend)
    await store.commitVisible()
    takeTick(store, tickAt(HOUR_US + 12), backend)
    await store.commitDurable()
    expect(await entryOf(at.dataDir, fileOf(HOUR_US, backend), { backend })).toBeUndefined()
    store.advance(7, CLOSING_US)
    await store.commitDurable()
    const bytes = await bytesOf(at.dataDir, fileOf(HOUR_US, backend))
    expect(await entryOf(at.dataDir, fileOf(HOUR_US, backend), { backend })).toEqual({
      path: fileOf(HOUR_US, backend),
      bytes: bytes.length,
      crc32c: crc32c(bytes),
      count: 4,
      firstTs: HOUR_US + 5,
      lastTs: HOUR_US + 12,
      lastSt: HOUR_US + 12,
      firstSeq: 1,
      lastSeq: 4,
      sorted: true,
    })
    expect(store.state.listedFiles).toBe(0) // the manifest neither: its line is durable with the checkpoint that no longer lists the file
  })

  it('keeps its tally over a change of owner, and says that a late tick left it unsorted', async () => {
    await using at = await temporaryDataDir()
    const first = await openOn(at.dataDir, { backend })
    takeTick(first, tickAt(HOUR_US + 100), backend)
    await first.commitVisible()
    await first.close()
    await using store = await openOn(at.dataDir, { backend })
    takeTick(store, tickAt(HOUR_US + 50, HOUR_US + 200), backend)
    store.advance(3, CLOSING_US)
    await store.commitVisible()
    await store.commitDurable()
    const bytes = await bytesOf(at.dataDir, fileOf(HOUR_US, backend))
    expect(await entryOf(at.dataDir, fileOf(HOUR_US, backend), { backend })).toMatchObject({
      crc32c: crc32c(bytes),
      ...{ count: 2, firstTs: HOUR_US + 50, lastTs: HOUR_US + 100, firstSeq: 1, lastSeq: 2, sorted: false },
    })
  })
})

describe('a closed file that a late tick opens again', () => {
  async function closedHour(dataDir: string): Promise<void> {
    await using store = await openOn(dataDir)
    takeTick(store, tickAt(HOUR_US + 10))
    store.advance(2, CLOSING_US)
    await store.commitVisible()
    await store.commitDurable()
  }

  it('stands in the durable checkpoint at its old length before the first byte; its sum goes on from the entry, unread', async () => {
    await using at = await temporaryDataDir()
    await closedHour(at.dataDir)
    const oldBytes = (await bytesOf(at.dataDir, FILE)).length
    const seen: string[] = []
    const wrap = (disk: Parameters<typeof gatedDisk>[0]) =>
      gatedDisk(disk, (call, path) => {
        if (path === FILE || (call === 'rename' && path.includes('durable'))) seen.push(call)
      })
    await using store = await openOn(at.dataDir, { wrap })
    takeTick(store, tickAt(HOUR_US + 20, CLOSING_US + 1))
    await store.commitVisible()
    expect(seen.indexOf('rename')).toBeLessThan(seen.indexOf('write'))
    expect(seen).not.toContain('read')
    expect((await listed(at.dataDir))[FILE]).toBeGreaterThan(oldBytes)
    expect(await entryOf(at.dataDir)).toMatchObject({ bytes: oldBytes, count: 1 }) // holds for the bytes it names
    await store.commitDurable()
    await store.commitDurable()
    const bytes = await bytesOf(at.dataDir, FILE)
    expect(await entryOf(at.dataDir)).toMatchObject({
      bytes: bytes.length,
      crc32c: crc32c(bytes),
      count: 2,
      firstSeq: 1,
      lastSeq: 3,
      sorted: true,
    })
    expect(await listed(at.dataDir)).toEqual({})
    expect((await bytesOf(at.dataDir, MANIFEST)).toString().split('\n')).toHaveLength(3)
  })

  it.each([
    ['changed', (path: string) => appendFile(path, recordOf(tickAt(HOUR_US + 11)))],
    ['gone', (path: string) => rm(path)],
  ])('does not hide that it was %s: the entry goes on from the old one', async (_what, spoil) => {
    await using at = await temporaryDataDir()
    await closedHour(at.dataDir)
    const intact = await bytesOf(at.dataDir, FILE)
    await spoil(join(at.dataDir, FILE))
    await using store = await openOn(at.dataDir)
    const late = tickAt(HOUR_US + 20, CLOSING_US + 1)
    takeTick(store, late)
    await store.commitVisible()
    await store.commitDurable()
    const bytes = await bytesOf(at.dataDir, FILE)
    expect(bytes.subarray(-recordOf(late).length)).toEqual(recordOf(late)) // the tick is not lost
    const whole = Buffer.concat([intact, recordOf(late)])
    expect(await entryOf(at.dataDir)).toMatchObject({ bytes: whole.length, crc32c: crc32c(whole), count: 2 })
  })

  it('begins anew where retention took the file away', async () => {
    await using at = await temporaryDataDir()
    await closedHour(at.dataDir)
    const entry = await entryOf(at.dataDir)
    if (!entry) throw new Error('no entry')
    await appendFile(join(at.dataDir, MANIFEST), encodeManifestEntry({ ...entry, removedUs: 1 }))
    await rm(join(at.dataDir, FILE))
    await using store = await openOn(at.dataDir)
    takeTick(store, tickAt(HOUR_US + 20, CLOSING_US + 1))
    await store.commitVisible()
    await store.commitDurable()
    expect(await entryOf(at.dataDir)).toEqual({ ...entry, ...tallyOfOne(await bytesOf(at.dataDir, FILE)), removedCount: 1 })
  })

  const tallyOfOne = (bytes: Buffer) => ({
    ...{ bytes: bytes.length, crc32c: crc32c(bytes), count: 1, firstSeq: 3, lastSeq: 3 },
    ...{ firstTs: HOUR_US + 20, lastTs: HOUR_US + 20, lastSt: CLOSING_US + 1 },
  })
})

describe('a partition', () => {
  it('takes up a file that the version without manifests left listed', async () => {
    await using at = await temporaryDataDir()
    const written = Buffer.concat([recordOf(tickAt(HOUR_US + 3)), recordOf(tickAt(HOUR_US + 4))])
    await put(at.dataDir, FILE, written)
    const {
      tallies: _,
      manifestSinceUs: __,
      ...old
    } = {
      ...{ ...source, v: 4, bootId: 'boot', partitionCount: 16, seq: 2, newestStUs: HOUR_US + 4 },
      ...{ files: { [FILE]: written.length }, tallies: {}, manifestSinceUs: 0 },
    }
    await put(at.dataDir, '.state/json/checkpoints/09.durable.json', encodeCheckpoint(old as Parameters<typeof encodeCheckpoint>[0]))
    await using store = await openOn(at.dataDir)
    takeTick(store, tickAt(HOUR_US + 5))
    store.advance(4, CLOSING_US)
    await store.commitVisible()
    await store.commitDurable()
    const bytes = await bytesOf(at.dataDir, FILE)
    expect(await entryOf(at.dataDir)).toMatchObject({
      bytes: bytes.length,
      crc32c: crc32c(bytes),
      count: 3,
      firstTs: HOUR_US + 3,
      sorted: true,
    })
    expect((await readCheckpoint(at.dataDir, 'json', PARTITION))?.manifestSinceUs).toBe(HOUR_US + 4) // what was closed before then has no entry
  })

  it('takes ticks of long past and future hours, and closes each when the log has passed it', async () => {
    await using at = await temporaryDataDir()
    await using store = await openOn(at.dataDir)
    const [past, future] = [HOUR_US - 30 * 365 * US_PER_DAY, HOUR_US + 20 * US_PER_HOUR]
    for (const ts of [past, HOUR_US, future]) takeTick(store, tickAt(ts, HOUR_US + 1 + store.seq))
    await store.commitDurable()
    await store.commitDurable()
    expect(await entryOf(at.dataDir, fileOf(past), { atUs: past })).toMatchObject({ count: 1, firstTs: past })
    expect(Object.keys(await listed(at.dataDir))).toEqual([FILE, fileOf(future)])
    store.advance(9, future + US_PER_HOUR + 600 * US_PER_SECOND)
    await store.commitDurable()
    expect(await entryOf(at.dataDir, fileOf(future), { atUs: future })).toMatchObject({ count: 1, firstTs: future })
    expect(await listed(at.dataDir)).toEqual({})
  })

  it('of events has an entry a day', async () => {
    await using at = await temporaryDataDir()
    await using store = await openOn(at.dataDir, { partition: 'events' })
    for (const us of [7, 9]) {
      store.append(eventsPath(HOUR_US), Buffer.from(`{"kind":"gap","st":${HOUR_US + us}}\n`))
      store.advance(us, HOUR_US + us)
    }
    await store.commitVisible()
    store.advance(10, HOUR_US + US_PER_DAY + 600 * US_PER_SECOND)
    await store.commitDurable()
    expect(await entryOf(at.dataDir, eventsPath(HOUR_US), { partition: 'events' })).toMatchObject({
      ...{ count: 2, firstTs: HOUR_US + 7, lastTs: HOUR_US + 9, firstSeq: 7, lastSeq: 9, sorted: true },
    })
  })
})
