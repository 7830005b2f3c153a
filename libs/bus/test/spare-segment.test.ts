import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { SpareSegment } from '../src/spare-segment.ts'
import { openSpool } from '../src/spool.ts'
import { createSegment, SEGMENT_BYTES, segmentName } from '../src/spool-segment.ts'
import { range, record } from './support/lines.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ibs-spare-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const spareFile = () => join(folder, 'next.spare')

describe('the segment made in advance', () => {
  it('is there before it is needed, whole and empty, and becomes the segment by its name alone', async () => {
    const spare = new SpareSegment(folder)
    spare.prepare()
    await waitFor('it is made', async () => existsSync(spareFile()) && (await stat(spareFile())).size === SEGMENT_BYTES)
    const { ino } = await stat(spareFile())
    const handle = await spare.take(7)
    await handle.close()
    expect((await stat(join(folder, segmentName(7)))).ino).toBe(ino)
    expect((await readFile(join(folder, segmentName(7)))).equals(Buffer.alloc(SEGMENT_BYTES))).toBe(true)
    expect(existsSync(spareFile())).toBe(false)
  })

  it('is made when it is asked for where there was no time before', async () => {
    const handle = await new SpareSegment(folder).take(1)
    await handle.close()
    expect((await stat(join(folder, segmentName(1)))).size).toBe(SEGMENT_BYTES)
  })

  it('leaves nothing behind where the disk is full: who needs the segment makes it, or hears why not', async () => {
    await symlink('/dev/full', spareFile())
    const spare = new SpareSegment(folder)
    spare.prepare()
    await waitFor('it has given up', () => !existsSync(spareFile()))
    await symlink('/dev/full', join(folder, segmentName(1)))
    await expect(spare.take(1)).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  it('gives its room back when the spool is closed', async () => {
    await using spool = await openSpool(folder, { source: 'simulator' })
    spool.append([record(1, SEGMENT_BYTES / 4)])
    await spool.sync()
    await waitFor('the next one is made', () => existsSync(spareFile()))
    await spool.close()
    expect(existsSync(spareFile())).toBe(false)
  })

  it('is no segment to who opens the spool of a killed process, whatever is in it', async () => {
    await writeFile(spareFile(), Buffer.alloc(100, 7))
    const records = range(1, 30).map((n) => record(n, 1_000_000))
    {
      await using spool = await openSpool(folder, { source: 'simulator' })
      for (const one of records) {
        spool.append([one])
        await spool.sync()
      }
    }
    await using spool = await openSpool(folder, { source: 'simulator' })
    expect([spool.low, spool.end]).toEqual([1, 30])
  })
})

describe('a segment', () => {
  it('is opened so that a write returns when it is durable', async () => {
    const O_DSYNC = 0o10_000
    for (const handle of [await createSegment(join(folder, 'a')), await new SpareSegment(folder).take(1)]) {
      const [, flags = '0'] = /^flags:\s+(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8')) ?? []
      expect(Number.parseInt(flags, 8) & O_DSYNC).toBe(O_DSYNC)
      await handle.close()
    }
  })
})
