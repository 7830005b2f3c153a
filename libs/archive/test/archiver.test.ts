import { copyFile, mkdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BUCKET, S3Server } from '../../../test/support/s3-server.ts'
import { Archiver } from '../src/archiver.ts'
import type { ArchivedDay } from '../src/day-record.ts'
import { ArchiveError } from '../src/errors.ts'
import { bodyOf, readLocalRecord } from '../src/records.ts'
import { readLastRun } from '../src/run.ts'
import { openS3 } from '../src/s3-store.ts'
import { CID, RecordedDays } from './recorded-days.ts'

const never = new AbortController().signal
const FIRST = `parquet/cid=${CID}/tt=last/date=2025-07-28/day.parquet`

let server: S3Server
beforeAll(async () => {
  server = await S3Server.start()
}, 60_000)
afterAll(() => server[Symbol.asyncDispose]())
/** Each test has a prefix of its own. */
let tests = 0
const nextPrefix = () => `host-${++tests}/`

interface World {
  prefix: string
  archiver: Archiver
  copied: string[]
  damaged: string[]
}

function archiverOf(dataDir: string, prefix = nextPrefix()): World {
  const [copied, damaged]: [string[], string[]] = [[], []]
  const archiver = new Archiver({
    ...{ dataDir, store: server.open(), prefix, source: 'simulator', auditEveryMs: 0 },
    onCopied: ({ path }) => copied.push(path),
    onDamaged: ({ path }) => damaged.push(path),
  })
  return { prefix, archiver, copied, damaged }
}

const keysOf = async (prefix: string): Promise<string[]> => (await server.keys()).filter((key) => key.startsWith(prefix))

const recordOf = async (dataDir: string, path: string): Promise<ArchivedDay | undefined> =>
  (await readLocalRecord(dataDir, '2025-07-28'))?.days.find((day) => day.path === path)

describe('the archive', () => {
  it('copies days that are one file, byte for byte, once, and records them in the bucket and here', async () => {
    await using recorded = await RecordedDays.make(3)
    const paths = await recorded.paths()
    expect(paths).toHaveLength(3)
    const { archiver, copied, prefix } = archiverOf(recorded.dataDir, nextPrefix())
    expect(await archiver.run(never)).toMatchObject({ localDays: 3, archivedDays: 3, copiedDays: 3, lagMs: 0, failures: [] })
    expect(copied).toEqual(paths)
    const dates = ['2025-07-28', '2025-07-29', '2025-07-30']
    const keys = [...dates.map((date) => `manifest/${date}.json`), ...paths, 'ib-stream.json'].map((key) => `${prefix}${key}`)
    expect(await keysOf(prefix)).toEqual(keys.sort())
    for (const path of paths)
      expect(await readFile(server.fileOf(`${prefix}${path}`))).toEqual(await readFile(join(recorded.dataDir, path)))
    for (const date of dates)
      expect(await readFile(server.fileOf(`${prefix}manifest/${date}.json`))).toEqual(
        await readFile(join(recorded.dataDir, `.state/archive/${date}.json`)),
      )
    expect(await archiver.run(never)).toMatchObject({ archivedDays: 3, copiedDays: 0, failures: [] })
    expect(await readLastRun(recorded.dataDir)).toMatchObject({ archivedDays: 3, failedRuns: 0 })
  }, 60_000)

  it('copies a day anew that changed, never one that was only touched, nor one with fewer ticks', async () => {
    await using recorded = await RecordedDays.make(2)
    const { archiver, copied, prefix } = archiverOf(recorded.dataDir)
    await archiver.run(never)
    const before = await recordOf(recorded.dataDir, FIRST)
    const older = join(recorded.dataDir, 'older')
    await copyFile(join(recorded.dataDir, FIRST), older)
    await utimes(join(recorded.dataDir, FIRST), 1_000, 1_000)
    expect(await archiver.run(never)).toMatchObject({ copiedDays: 0, failures: [] })
    await recorded.takeLate()
    expect(await archiver.run(never)).toMatchObject({ copiedDays: 1, failures: [] })
    expect(copied.at(-1)).toBe(FIRST)
    expect((await recordOf(recorded.dataDir, FIRST))?.count).toBe((before?.count ?? Number.NaN) + 1)
    expect(await readFile(server.fileOf(`${prefix}${FIRST}`))).toEqual(await readFile(join(recorded.dataDir, FIRST)))
    await copyFile(older, join(recorded.dataDir, FIRST))
    const { copiedDays, failures } = await archiver.run(never)
    expect([copiedDays, failures]).toEqual([0, [expect.objectContaining({ path: FIRST, code: 'IBS_ARCHIVE_FEWER_TICKS' })]])
  }, 60_000)

  it('finds copies that are damaged or gone, and copies them again; where the day is gone too it says so until somebody helps', async () => {
    await using recorded = await RecordedDays.make(3)
    const [first, second, third] = (await recorded.paths()) as [string, string, string]
    const { archiver, damaged, prefix } = archiverOf(recorded.dataDir)
    await archiver.run(never)
    const store = server.open()
    await store.put(`${prefix}${first}`, bodyOf('x'.repeat((await stat(server.fileOf(`${prefix}${first}`))).size))) // as long, but another
    await truncate(server.fileOf(`${prefix}${second}`), 100)
    expect(await archiver.run(never)).toMatchObject({ copiedDays: 2, archivedDays: 3, failures: [] })
    expect(damaged).toEqual([first, second])
    for (const path of [first, second])
      expect(await readFile(server.fileOf(`${prefix}${path}`))).toEqual(await readFile(join(recorded.dataDir, path)))
    await rm(server.fileOf(`${prefix}${third}`))
    await rm(join(recorded.dataDir, third))
    for (const _ of [1, 2])
      expect((await archiver.run(never)).failures).toEqual([expect.objectContaining({ path: third, code: 'IBS_ARCHIVE_COPY_LOST' })])
    expect(archiver.failedRuns).toBe(2)
  }, 60_000)

  describe('a day or a record that fails', () => {
    /** An archiver that looks through the bucket once, at its start, and how often it asked for a list. */
    function startedOnce(dataDir: string, prefix = nextPrefix()) {
      const store = server.open()
      const lists: string[] = []
      const list: typeof store.list = (under, signal) => {
        lists.push(under)
        return store.list(under, signal)
      }
      return { prefix, lists, archiver: new Archiver({ dataDir, store: { ...store, list }, prefix, source: 'simulator' }) }
    }

    it('regression: is tried in each run without a look through the whole bucket', async () => {
      await using recorded = await RecordedDays.make(2)
      const { archiver, lists } = startedOnce(recorded.dataDir)
      const path = join(recorded.dataDir, FIRST)
      const bytes = await readFile(path)
      await writeFile(path, Buffer.concat([bytes.subarray(0, 50), Buffer.from('x'), bytes.subarray(51)]))
      for (const _ of [1, 2, 3]) expect((await archiver.run(never)).failures).toEqual([expect.objectContaining({ path: FIRST })])
      expect(lists).toHaveLength(2) // its objects and its records
      await writeFile(path, bytes)
      expect(await archiver.run(never)).toMatchObject({ copiedDays: 1, archivedDays: 2, failures: [] })
      expect(lists).toHaveLength(2)
    }, 60_000)

    it('stays told, where it is a copy that is lost, until somebody brings it back', async () => {
      await using recorded = await RecordedDays.make(2)
      const { archiver, prefix } = startedOnce(recorded.dataDir)
      await archiver.run(never)
      const [object, away] = [server.fileOf(`${prefix}${FIRST}`), join(recorded.dataDir, 'away')]
      await rename(object, away)
      await rename(join(recorded.dataDir, FIRST), join(recorded.dataDir, 'gone'))
      const { archiver: next, lists } = startedOnce(recorded.dataDir, prefix)
      for (const _ of [1, 2]) expect((await next.run(never)).failures).toEqual([expect.objectContaining({ code: 'IBS_ARCHIVE_COPY_LOST' })])
      await rename(away, object)
      expect(await next.run(never)).toMatchObject({ archivedDays: 2, failures: [] })
      expect(lists).toHaveLength(2)
    }, 60_000)

    it('regression: waited for ever behind three that the server refuses in each run', async () => {
      await using recorded = await RecordedDays.make(4)
      const store = server.open()
      const refused = await recorded.paths()
      const put: typeof store.put = async (key, body, signal) => {
        if (refused.some((path) => key.endsWith(path))) throw new ArchiveError('IBS_ARCHIVE_REFUSED', `it refused to put ${key}`)
        await store.put(key, body, signal)
      }
      const archiver = new Archiver({ dataDir: recorded.dataDir, store: { ...store, put }, prefix: nextPrefix(), source: 'simulator' })
      await archiver.run(never)
      await archiver.run(never) // each run ends with its third failure; now all four have failed
      refused.pop()
      expect(await archiver.run(never)).toMatchObject({ localDays: 4, copiedDays: 1 })
    }, 60_000)

    it('keeps no other date back, be it the record here, that in the bucket, or an object that the server cannot take', async () => {
      await using recorded = await RecordedDays.make(3)
      const { archiver, prefix } = startedOnce(recorded.dataDir)
      const state = join(recorded.dataDir, '.state/archive/2025-07-28.json')
      await mkdir(state, { recursive: true })
      const object = server.fileOf(`${prefix}${FIRST.replace('-28', '-29')}`)
      await mkdir(object, { recursive: true })
      for (const copiedDays of [1, 0]) {
        const { failures, ...run } = await archiver.run(never)
        expect(run).toMatchObject({ localDays: 3, copiedDays })
        expect(failures).toEqual([
          { path: 'manifest/2025-07-28.json', code: 'EISDIR', message: expect.stringMatching(/^manifest\/2025-07-28\.json: EISDIR/) },
          expect.objectContaining({ path: FIRST.replace('-28', '-29'), code: 'IBS_ARCHIVE_AWAY' }),
        ])
      }
      await Promise.all([state, object].map((path) => rm(path, { recursive: true })))
      await writeFile(server.fileOf(`${prefix}manifest/2025-07-28.json`), 'no record')
      expect(await archiver.run(never)).toMatchObject({ copiedDays: 2, archivedDays: 3, failures: [] })
    }, 60_000)
  })

  it('says what the disk says, and goes on when that is over', async () => {
    await using recorded = await RecordedDays.make(1)
    const state = join(recorded.dataDir, '.state/archive')
    await writeFile(state, 'no folder')
    const { archiver } = archiverOf(recorded.dataDir)
    expect((await archiver.run(never)).failures.map(({ code }) => code)).toEqual(['ENOTDIR', 'EEXIST'])
    expect(archiver.failedRuns).toBe(1)
    await rm(state)
    expect(await archiver.run(never)).toMatchObject({ archivedDays: 1, failures: [] })
    expect(archiver.failedRuns).toBe(0)
  }, 60_000)

  it('never copies a damaged file', async () => {
    await using recorded = await RecordedDays.make(2)
    const bytes = await readFile(join(recorded.dataDir, FIRST))
    bytes.writeUInt8(bytes.readUInt8(50) ^ 1, 50)
    await writeFile(join(recorded.dataDir, FIRST), bytes)
    const { archiver, prefix } = archiverOf(recorded.dataDir)
    const run = await archiver.run(never)
    expect(run).toMatchObject({ copiedDays: 1, failures: [{ path: FIRST, code: 'IBS_STORAGE_SEALED_DAMAGED' }] })
    expect(run.lagMs).toBeGreaterThan(0)
    expect(await keysOf(prefix)).not.toContain(`${prefix}${FIRST}`)
  }, 60_000)

  it('goes on from the bucket where the records here are lost, without sending anything again', async () => {
    await using recorded = await RecordedDays.make(2)
    const { archiver, prefix } = archiverOf(recorded.dataDir)
    await archiver.run(never)
    const record = await readFile(join(recorded.dataDir, '.state/archive/2025-07-28.json'))
    await rm(join(recorded.dataDir, '.state/archive'), { recursive: true })
    expect(await archiverOf(recorded.dataDir, prefix).archiver.run(never)).toMatchObject({
      copiedDays: 0,
      archivedDays: 2,
      failures: [],
    })
    expect(await readFile(join(recorded.dataDir, '.state/archive/2025-07-28.json'))).toEqual(record)
  }, 60_000)

  it('goes on in another bucket or prefix as if nothing was archived yet, and mends a record that somebody damaged', async () => {
    await using recorded = await RecordedDays.make(2)
    await archiverOf(recorded.dataDir).archiver.run(never)
    const { archiver, prefix } = archiverOf(recorded.dataDir)
    expect(await archiver.run(never)).toMatchObject({ copiedDays: 2, archivedDays: 2, failures: [] })
    const key = server.fileOf(`${prefix}manifest/2025-07-28.json`)
    const record = await readFile(key)
    await writeFile(key, 'no record')
    expect(await archiver.run(never)).toMatchObject({ copiedDays: 0, archivedDays: 2, failures: [] })
    expect(await readFile(key)).toEqual(record)
  }, 60_000)

  it('says that the server is away, and goes on when it is back', async () => {
    await using recorded = await RecordedDays.make(1)
    const { archiver } = archiverOf(recorded.dataDir)
    await server.program.kill()
    const away = await archiver.run(never)
    expect(away.failures).toEqual([expect.objectContaining({ code: 'IBS_ARCHIVE_AWAY' })])
    expect(away.lagMs).toBeGreaterThan(0)
    await server.start()
    expect(await archiver.run(never)).toMatchObject({ copiedDays: 1, failures: [] })
    expect(archiver.failedRuns).toBe(0)
  }, 60_000)

  it('names wrong keys, a bucket that is not there, and a prefix of the other source', async () => {
    await using recorded = await RecordedDays.make(1)
    const prefix = nextPrefix()
    const codes = async (settings: Parameters<typeof openS3>[0], source: 'simulator' | 'gateway' = 'simulator') => {
      const archiver = new Archiver({ dataDir: recorded.dataDir, store: openS3(settings), prefix, source })
      return (await archiver.run(never)).failures.map(({ code }) => code)
    }
    expect(await codes(server.settings('', { id: 'S3RVER', secret: 'wrong' }))).toEqual(['IBS_ARCHIVE_REFUSED'])
    expect(await codes(server.settings('', { id: 'nobody', secret: 'wrong' }))).toEqual(['IBS_ARCHIVE_REFUSED'])
    expect(await codes({ ...server.settings(), bucket: `${BUCKET}-2` })).toEqual(['IBS_ARCHIVE_REFUSED'])
    expect(await keysOf(prefix)).toEqual([])
    expect(await codes(server.settings())).toEqual([])
    expect(await codes(server.settings(), 'gateway')).toEqual(['IBS_ARCHIVE_SOURCE_MIXED'])
  }, 60_000)
})
