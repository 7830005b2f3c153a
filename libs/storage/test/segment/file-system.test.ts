import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { assertSharedLocks } from '../../src/segment/file-system.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'

const OVERLAY = 0x794c7630
const EXT4 = 0xef53

describe('assertSharedLocks', () => {
  it('refuses an overlay file system by name, and says what to do', async () => {
    const refused = assertSharedLocks('/data', async () => OVERLAY)
    await expect(refused).rejects.toMatchObject({ code: 'IBS_STORAGE_FILE_SYSTEM', facts: { dataDir: '/data' } })
    await expect(refused).rejects.toThrow(/DATA_DIR=\/data .*overlay.*mount a volume/)
    expect(await outcomeOf(assertSharedLocks('/data', async () => EXT4))).toBe('done')
  })

  it('looks at the nearest folder that exists', async () => {
    await using dir = await temporaryDataDir()
    const here = await outcomeOf(assertSharedLocks(dir.dataDir))
    expect(await outcomeOf(assertSharedLocks(join(dir.dataDir, 'not/there')))).toBe(here)
    expect(await outcomeOf(assertSharedLocks('/proc/self'))).toBe('done')
  })
})
