import { appendFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { logRemovals, removalLogPath } from '../../src/retention/removal-log.ts'
import { nodeDisk } from '../../src/segment/disk.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { type DiskCall, gatedDisk } from '../segment/failing-disk.ts'

const PATH = removalLogPath('json', 9)
const entry = {
  path: 'json/a',
  bytes: 10,
  crc32c: 0xabc,
  count: 2,
  firstTs: 1,
  lastTs: 2,
  lastSt: 3,
  firstSeq: 4,
  lastSeq: 5,
  sorted: true,
}

describe('the log of what went', () => {
  it('has a line a file, also behind one that was torn, and is durable before anything goes', async () => {
    await using at = await temporaryDataDir()
    const calls: DiskCall[] = []
    const disk = gatedDisk(nodeDisk(at.dataDir), (call) => calls.push(call))
    await logRemovals(disk, PATH, [{ entry, why: 'age', copyIn: 'pb' }], 7)
    expect(calls.indexOf('syncFile')).toBeGreaterThan(calls.indexOf('write'))
    expect(calls.lastIndexOf('syncFolder')).toBeGreaterThan(calls.indexOf('syncFile'))
    await appendFile(`${at.dataDir}/${PATH}`, '{"removedUs":8,"pa')
    await logRemovals(disk, PATH, [{ entry: { ...entry, path: 'json/b' }, why: 'share', copyIn: undefined }], 9)
    const lines = ((await nodeDisk(at.dataDir).readText(PATH)) ?? '').split('\n')
    expect(lines).toHaveLength(4)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      ...{ removedUs: 7, path: 'json/a', bytes: 10, count: 2, firstTs: 1, lastTs: 2 },
      ...{ crc32c: '00000abc', why: 'age', copyIn: 'pb' },
    })
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ path: 'json/b', copyIn: null })
  })
})
