import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { foldersOf, nodeDisk, writeAll } from '../../src/segment/disk.ts'
import { outcomeOf, temporaryDataDir } from '../data-dir.ts'

describe('the disk', () => {
  it('property: writes all, however little each write takes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 50 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (bytes, portions) => {
          const file = new Uint8Array(60)
          let calls = 0
          const handle = {
            write: async (from: Uint8Array, offset: number, length: number, position: number) => {
              const bytesWritten = Math.min(length, portions[calls++ % portions.length] ?? 1)
              file.set(from.subarray(offset, offset + bytesWritten), position)
              return { bytesWritten }
            },
          }
          await writeAll(handle, bytes, 10)
          expect([...file.subarray(10, 10 + bytes.length)]).toEqual([...bytes])
        },
      ),
    )
  })

  it('does not try for ever where a write takes nothing', async () => {
    expect(await outcomeOf(writeAll({ write: async () => ({ bytesWritten: 0 }) }, Buffer.from('x'), 0))).toBe('EIO')
  })

  it('writes at the place it is told, in a file that is there or not', async () => {
    await using at = await temporaryDataDir()
    const disk = nodeDisk(join(at.dataDir, 'deep/data'))
    await disk.makeFolder('json/2025')
    await disk.write('json/2025/a', Buffer.from('abcdef'), 0)
    await disk.write('json/2025/a', Buffer.from('XY'), 2)
    expect(await readFile(join(at.dataDir, 'deep/data/json/2025/a'), 'utf8')).toBe('abXYef')
    expect([await disk.size('json/2025/a'), await disk.size('json/none')]).toEqual([6, undefined])
    expect(Buffer.from(await disk.read('json/2025/a', 3, 9)).toString()).toBe('Yef')
    await disk.remove('json/none')
    expect(await readdir(join(at.dataDir, 'deep/data/json'))).toEqual(['2025'])
    expect(await outcomeOf(disk.write('missing/a', Buffer.from('x'), 0))).toBe('ENOENT')
  })

  it('knows the folders of a file, its own first', () => {
    expect(foldersOf('json/2025/07/a')).toEqual(['json/2025/07', 'json/2025', 'json', ''])
  })
})
