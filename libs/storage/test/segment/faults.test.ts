import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Disk } from '../../src/segment/disk.ts'
import { MAX_PENDING_BYTES, openPartitionStore } from '../../src/segment/partition-store.ts'
import type { TornTail } from '../../src/segment/torn-tail.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'
import { type DiskCall, gatedDisk, systemError } from './failing-disk.ts'
import { bytesOf, fileOf, HOUR_US, openOn, put, recordOf, source, takeTick, tickAt } from './store-on-disk.ts'

const FILE = fileOf()
const VISIBLE = '.state/json/checkpoints/09.visible.json'

/** Lets everything pass until `code` is set. */
function fragile(calls: readonly DiskCall[]) {
  const state: { code: string | undefined } = { code: undefined }
  const wrap = (disk: Disk) =>
    gatedDisk(disk, (call) => {
      if (state.code !== undefined && calls.includes(call)) throw systemError(state.code)
    })
  return { state, wrap }
}

describe.each(['json', 'pb'] as const)('a torn tail of an older %s recording', (backend) => {
  const file = fileOf(HOUR_US, backend)
  const whole = recordOf(tickAt(HOUR_US), backend)

  it('cut at every byte of its last record: a tick that is added is readable, and the tail is kept aside', async () => {
    const last = recordOf(tickAt(HOUR_US + 1), backend)
    const added = recordOf(tickAt(HOUR_US + 2), backend)
    for (let cut = 1; cut < last.length; cut++) {
      await using at = await temporaryDataDir()
      const torn: TornTail[] = []
      await put(at.dataDir, file, Buffer.concat([whole, last.subarray(0, cut)]))
      await using store = await openOn(at.dataDir, { backend, onTornTail: (tail) => torn.push(tail) })
      takeTick(store, tickAt(HOUR_US + 2), backend)
      await store.commitVisible()
      const onlyNewlineLacks = backend === 'json' && cut === last.length - 1
      const kept = onlyNewlineLacks ? last : Buffer.alloc(0)
      expect(await bytesOf(at.dataDir, file)).toEqual(Buffer.concat([whole, kept, added]))
      if (onlyNewlineLacks) expect(torn).toEqual([])
      else {
        expect(torn).toEqual([
          { path: file, offsetBytes: whole.length, bytes: cut, keptIn: `.state/${backend}/torn/${file}@${whole.length}` },
        ])
        expect(await bytesOf(at.dataDir, torn[0]?.keptIn ?? '')).toEqual(Buffer.from(last.subarray(0, cut)))
      }
    }
  })
})

describe('a partition store on a disk that says no', () => {
  it.each([
    ['EMFILE', 'write'],
    ['ENFILE', 'write'],
    ['EMFILE', 'syncFile'],
    ['EMFILE', 'syncFolder'],
  ] as const)('goes on after %s in %s: no fsync was called, so nothing is lost', async (code, call) => {
    await using at = await temporaryDataDir()
    const { state, wrap } = fragile([call])
    await using store = await openOn(at.dataDir, { wrap })
    state.code = code
    takeTick(store, tickAt(HOUR_US))
    expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_WRITE_FAILED')
    state.code = undefined
    await store.commitDurable()
    expect(store.state).toMatchObject({ word: 'open', committedSeq: 1, durableSeq: 1 })
    expect(await bytesOf(at.dataDir, FILE)).toEqual(recordOf(tickAt(HOUR_US)))
  })

  it('is over at once when an fsync fails, and never calls it again', async () => {
    await using at = await temporaryDataDir()
    const synced: string[] = []
    const state = { bad: false }
    const wrap = (disk: Disk) =>
      gatedDisk(disk, (call, path) => {
        if (call === 'syncFile' && state.bad) synced.push(path)
        if (call === 'syncFile' && path === FILE && state.bad) throw systemError('EIO')
      })
    const store = await openOn(at.dataDir, { wrap })
    takeTick(store, tickAt(HOUR_US))
    await store.commitDurable()
    state.bad = true
    takeTick(store, tickAt(HOUR_US + 1))
    expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_SYNC_FAILED')
    expect(await outcomeOf(store.commitDurable())).toBe('IBS_STORAGE_SYNC_FAILED')
    expect(synced).toEqual([FILE])
  })

  it('does not trust what a dead owner left visible when the fsync of it fails', async () => {
    await using at = await temporaryDataDir()
    const first = await openOn(at.dataDir)
    takeTick(first, tickAt(HOUR_US))
    await first.commitDurable()
    takeTick(first, tickAt(HOUR_US + 1))
    await first.commitVisible()
    const wrap = (disk: Disk) =>
      gatedDisk(disk, (call, path) => {
        if (call === 'syncFile' && path === FILE) throw systemError('EIO')
      })
    expect(await outcomeOf(openOn(at.dataDir, { wrap }))).toBe('IBS_STORAGE_SYNC_FAILED')
    await expect(stat(join(at.dataDir, VISIBLE))).rejects.toMatchObject({ code: 'ENOENT' })
    await using second = await openOn(at.dataDir) // that its fsync now says all is well means nothing
    expect(second.seq).toBe(1)
    expect(await bytesOf(at.dataDir, FILE)).toEqual(recordOf(tickAt(HOUR_US)))
  })

  it.each([['EROFS'], ['EDQUOT'], ['ENOSPC'], ['EIO']])('keeps all pending through %s', async (code) => {
    await using at = await temporaryDataDir()
    const { state, wrap } = fragile(['write', 'writeText', 'truncate', 'rename', 'makeFolder'])
    await using store = await openOn(at.dataDir, { wrap })
    state.code = code
    for (let i = 0; i < 3; i++) {
      takeTick(store, tickAt(HOUR_US + i))
      expect(await outcomeOf(store.commitVisible())).toBe('IBS_STORAGE_WRITE_FAILED')
    }
    state.code = undefined
    await store.commitVisible()
    expect(await bytesOf(at.dataDir, FILE)).toEqual(Buffer.concat([0, 1, 2].map((i) => recordOf(tickAt(HOUR_US + i)))))
  })

  it('says why it cannot be opened, and lets the lock go', async () => {
    await using at = await temporaryDataDir()
    const options = { dataDir: at.dataDir, backend: 'json', partition: 9, source } as const
    await mkdir(join(at.dataDir, '.state/json'), { recursive: true })
    await writeFile(join(at.dataDir, '.state/json/checkpoints'), 'a file where a folder must be')
    await expect(openPartitionStore(options)).rejects.toMatchObject({
      code: 'IBS_STORAGE_OPEN_FAILED',
      message: expect.stringContaining('checkpoints'),
    })
    await rm(join(at.dataDir, '.state/json/checkpoints'))
    await using store = await openPartitionStore(options)
    expect(store?.seq).toBe(0)
  })
})

describe('the memory of a partition store', () => {
  it('is bounded: what is too much is refused, nothing of it taken, and a commit makes room', async () => {
    await using at = await temporaryDataDir()
    await using store = await openOn(at.dataDir)
    const record = recordOf(tickAt(HOUR_US))
    const many = Buffer.alloc(Math.floor(MAX_PENDING_BYTES / 2 / record.length) * record.length, record)
    store.append(FILE, many)
    store.advance(1, HOUR_US)
    store.append(FILE, many)
    expect(() => store.append(FILE, many)).toThrow('IBS_STORAGE_PENDING_FULL')
    expect(store.pendingBytes).toBe(2 * many.length)
    await store.commitVisible()
    store.append(FILE, many)
    store.advance(2, HOUR_US)
    await store.commitVisible()
    expect((await stat(join(at.dataDir, FILE))).size).toBe(3 * many.length)
  })
})
