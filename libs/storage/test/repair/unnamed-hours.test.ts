import { readFile, unlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { dayOf, manifestPath } from '../../src/layout/manifest-path.ts'
import { unnamedHours } from '../../src/repair/unnamed-hours.ts'
import { nodeDisk } from '../../src/segment/disk.ts'
import { recordedOnce } from '../recorded-once.ts'
import { fileAt, START_US } from '../recorded-tree.ts'

const recording = recordedOnce()

describe('hours that only another backend knows', () => {
  const look = (dataDir: string, more = {}) => unnamedHours(nodeDisk(dataDir), { dataDir, backends: ['json', 'pb'], ...more })

  it('are none in what writers leave', async () => {
    expect(await look(recording.dataDir)).toEqual([])
  })

  it('are found where file and manifest line are gone, in the days and partitions that are asked for', async () => {
    await using at = await recording.copied()
    const lost = fileAt('json', 1)
    const manifest = at.in(manifestPath({ backend: 'json', partition: 9, dayUs: dayOf(START_US) }))
    const lines = (await readFile(manifest, 'utf8')).split('\n').filter((line) => !line.includes(lost))
    await writeFile(manifest, lines.join('\n'))
    await unlink(at.in(lost))
    expect(await look(at.dataDir)).toMatchObject([{ path: lost, kind: 'missing' }])
    expect(await look(at.dataDir, { partitions: [3] })).toEqual([])
    expect(await look(at.dataDir, { endUs: dayOf(START_US) })).toEqual([])
    expect(await look(at.dataDir, { backends: ['pb'] })).toEqual([])
  })
})
