import { setImmediate as nextTurn } from 'node:timers/promises'
import { codeOf } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { type Gate, gatedDisk } from '../../src/segment/gated-disk.ts'
import { syncAll } from '../../src/segment/sync-all.ts'
import { systemError } from './failing-disk.ts'
import { MemoryDisk } from './memory-disk.ts'

const PATHS = Array.from({ length: 30 }, (_, n) => `json/${n}`)

/** Syncs all paths on a disk whose every sync takes a turn of the loop; what was begun, what ended, and how many at most at once. */
async function synced(gate: Gate = () => undefined) {
  const seen = { begun: [] as string[], ended: [] as string[], most: 0, error: undefined as unknown }
  const memory = new MemoryDisk()
  await memory.makeFolder('json')
  for (const path of PATHS) await memory.write(path, Buffer.from('x'), 0)
  const disk = gatedDisk(memory, gate)
  const slow = (sync: (path: string) => Promise<void>) => async (path: string) => {
    seen.begun.push(path)
    seen.most = Math.max(seen.most, seen.begun.length - seen.ended.length)
    await nextTurn()
    await sync(path).finally(() => seen.ended.push(path))
  }
  const slowDisk = { ...disk, syncFile: slow(disk.syncFile), syncFolder: slow(disk.syncFolder) }
  await syncAll(slowDisk, PATHS, ['']).catch((error: unknown) => {
    seen.error = error
  })
  return seen
}

describe('syncAll', () => {
  it('syncs every file and folder once, a few at a time', async () => {
    const { begun, ended, most, error } = await synced()
    expect(error).toBeUndefined()
    expect(begun.toSorted()).toEqual(['', ...PATHS].toSorted())
    expect(ended).toHaveLength(begun.length)
    expect([most > 1, most <= 8]).toEqual([true, true])
  })

  it('begins none after one that failed, and ends only when those under way have', async () => {
    const { begun, ended, error } = await synced((_, path) => {
      if (path === 'json/3') throw systemError('EIO')
    })
    expect(codeOf(error)).toBe('EIO')
    expect(begun.length).toBeLessThan(PATHS.length)
    expect(ended).toHaveLength(begun.length)
  })

  it('says that an fsync failed also where others could not be called', async () => {
    const { error } = await synced((_, path) => {
      throw systemError(path === 'json/5' ? 'EIO' : 'EMFILE')
    })
    expect(codeOf(error)).toBe('EIO')
    const { error: onlyHandles } = await synced(() => {
      throw systemError('EMFILE')
    })
    expect(codeOf(onlyHandles)).toBe('EMFILE')
  })
})
