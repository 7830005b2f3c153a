import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import type { ManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { readManifests } from '../../src/manifest/read-manifest.ts'
import { type Disk, nodeDisk } from '../../src/segment/disk.ts'
import type { PartitionStore } from '../../src/segment/partition-store.ts'
import { readCheckpoint } from '../../src/segment/read-position.ts'
import { removeEmptyFolders, removeNames } from '../../src/segment/remove-names.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { gatedDisk, systemError } from './failing-disk.ts'
import { MemoryDisk } from './memory-disk.ts'
import { bytesOf, fileOf, HOUR_US, openOn, PARTITION, put, recordOf, takeTick, tickAt } from './store-on-disk.ts'

const FILE = fileOf()
const CLOSING_US = HOUR_US + US_PER_HOUR + 600 * US_PER_SECOND

async function entriesOf(dataDir: string): Promise<ManifestEntry[]> {
  const manifest = await readManifests({ dataDir, backend: 'json', partition: PARTITION, startUs: HOUR_US, endUs: HOUR_US + 1 }, {})
  return [...manifest.entries.values()]
}

/** A store with one closed hour; `refuse` decides what removing a file says. */
async function withClosedHour(dataDir: string, refuse: { code: string | undefined }): Promise<PartitionStore> {
  const wrap = (disk: Disk) =>
    gatedDisk(disk, (call, path) => {
      if (call === 'remove' && path === FILE && refuse.code !== undefined) throw systemError(refuse.code)
    })
  const store = await openOn(dataDir, { wrap })
  takeTick(store, tickAt(HOUR_US + 1))
  store.advance(2, CLOSING_US)
  await store.commitVisible()
  await store.commitDurable()
  return store
}

describe('removing the names of files', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('goes on where one file says %s: nobody reads it, and the next owner tries again', async (code) => {
    await using at = await temporaryDataDir()
    const refuse = { code }
    await using store = await withClosedHour(at.dataDir, refuse)
    expect(await store.removeFiles(await entriesOf(at.dataDir), 7)).toMatchObject([{ path: FILE }])
    expect((await readCheckpoint(at.dataDir, 'json', PARTITION))?.removing).toEqual([FILE])
    takeTick(store, tickAt(HOUR_US + US_PER_HOUR))
    await store.commitDurable() // a file that stays must not stop what is recorded
    expect((await readCheckpoint(at.dataDir, 'json', PARTITION))?.removing).toEqual([FILE])
    await using next = await openOn(at.dataDir)
    expect(await nodeDisk(at.dataDir).size(FILE)).toBeUndefined()
    await next.close()
  })

  it('regression: a late tick begins such a file anew, without what was in it, and no owner takes that away', async () => {
    await using at = await temporaryDataDir()
    const refuse: { code: string | undefined } = { code: 'EPERM' }
    await using store = await withClosedHour(at.dataDir, refuse)
    await store.removeFiles(await entriesOf(at.dataDir), 7)
    const late = tickAt(HOUR_US + 5, CLOSING_US + 1)
    takeTick(store, late)
    expect(await outcomeOf(store.commitVisible())).toBe('IBS_STORAGE_WRITE_FAILED') // its old ticks must not come back
    refuse.code = undefined
    await store.commitVisible()
    expect(await bytesOf(at.dataDir, FILE)).toEqual(recordOf(late))
    expect((await readCheckpoint(at.dataDir, 'json', PARTITION))?.removing).toEqual([])
    await using next = await openOn(at.dataDir)
    expect(next.seq).toBe(3)
    expect(await bytesOf(at.dataDir, FILE)).toEqual(recordOf(late))
  })

  it('fails where the disk fails, and is finished by the next call', async () => {
    await using at = await temporaryDataDir()
    const refuse: { code: string | undefined } = { code: 'EIO' }
    await using store = await withClosedHour(at.dataDir, refuse)
    const entries = await entriesOf(at.dataDir)
    expect(await outcomeOf(store.removeFiles(entries, 7))).toBe('IBS_STORAGE_WRITE_FAILED')
    refuse.code = undefined
    expect(await store.removeFiles(entries, 8)).toEqual([]) // they are gone already
    expect(await nodeDisk(at.dataDir).size(FILE)).toBeUndefined()
    expect((await readCheckpoint(at.dataDir, 'json', PARTITION))?.removing).toEqual([])
  })

  it('leaves a file alone that is listed, or of which the manifest says something newer', async () => {
    await using at = await temporaryDataDir()
    await using store = await withClosedHour(at.dataDir, { code: undefined })
    const [entry] = await entriesOf(at.dataDir)
    if (entry === undefined) throw new Error('no entry')
    expect(await store.removeFiles([{ ...entry, count: 2 }], 7)).toEqual([])
    takeTick(store, tickAt(HOUR_US + 5, CLOSING_US + 1))
    expect(await store.removeFiles([entry], 7)).toEqual([]) // it waits for a late tick
    await store.commitVisible()
    expect(await store.removeFiles([entry], 7)).toEqual([])
    await expect(store.removeFiles([{ ...entry, path: FILE.replace('8314', '265598') }], 7)).rejects.toThrow('IBS_STORAGE_PATH_INVALID')
    expect(await bytesOf(at.dataDir, FILE)).toHaveLength(2 * recordOf(tickAt(HOUR_US + 1)).length)
  })

  it('makes it last where another partition has removed the emptied folder meanwhile', async () => {
    const disk = new MemoryDisk()
    await disk.makeFolder('json/2025/07/30/14')
    for (const folder of ['', 'json', 'json/2025', 'json/2025/07', 'json/2025/07/30']) await disk.syncFolder(folder)
    await disk.removeFolder('json/2025/07/30/14')
    expect(await removeNames(disk, 'visible', [FILE])).toEqual([])
  })

  it('removes folders that are empty, up to the first that is not', async () => {
    await using at = await temporaryDataDir()
    await put(at.dataDir, FILE, '')
    await put(at.dataDir, fileOf(HOUR_US + 24 * US_PER_HOUR), '')
    const disk = nodeDisk(at.dataDir)
    await removeEmptyFolders(disk, [FILE])
    expect(await readdir(join(at.dataDir, 'json/2025/07'))).toEqual(['30', '31'])
    await disk.remove(FILE)
    await removeEmptyFolders(disk, [FILE])
    expect(await readdir(join(at.dataDir, 'json/2025/07'))).toEqual(['31'])
  })
})
