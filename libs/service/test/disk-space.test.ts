import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { diskSpace, logBytesLimit } from '../src/disk-space.ts'

describe('diskSpace', () => {
  it('asks the nearest folder that exists', async () => {
    const here = await diskSpace(tmpdir())
    expect(here.totalBytes).toBeGreaterThanOrEqual(here.freeBytes)
    expect((await diskSpace(join(tmpdir(), 'not/there'))).totalBytes).toBe(here.totalBytes)
  })
})

describe('logBytesLimit', () => {
  it('is what was set, else a fifth of the disk in whole MiB and never above 20 GiB', async () => {
    expect(await logBytesLimit({ logMaxBytes: 5_000_000, dataDir: tmpdir() })).toBe(5_000_000)
    const { totalBytes } = await diskSpace(tmpdir())
    const limit = await logBytesLimit({ logMaxBytes: undefined, dataDir: tmpdir() })
    expect(limit % 2 ** 20).toBe(0)
    expect(limit).toBeLessThanOrEqual(20 * 2 ** 30)
    expect(Math.abs(limit - Math.min(20 * 2 ** 30, totalBytes / 5))).toBeLessThan(2 ** 20)
  })
})
