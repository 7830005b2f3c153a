import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { nodeProgram } from '../../../test/support/program.ts'
import { S3Server } from '../../../test/support/s3-server.ts'
import { Archiver } from '../src/archiver.ts'
import { type ArchivedDay, decodeRecord } from '../src/day-record.ts'
import { RecordedDays } from './recorded-days.ts'

let server: S3Server
let recorded: RecordedDays
beforeAll(async () => {
  server = await S3Server.start()
  recorded = await RecordedDays.make(2)
}, 60_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await recorded[Symbol.asyncDispose]()
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** All that the records of a prefix say is archived. */
async function recordedUnder(prefix: string): Promise<ArchivedDay[]> {
  const dates = (await server.keys()).flatMap((key) => (key.startsWith(`${prefix}manifest/`) ? [key.slice(-15, -5)] : []))
  const texts = dates.map(
    async (date) => decodeRecord(await readFile(server.fileOf(`${prefix}manifest/${date}.json`), 'utf8'), date, date).days,
  )
  return (await Promise.all(texts)).flat()
}

it.each([
  'kill archive: put the object',
  'kill archive: confirm the object',
  'kill archive: put the record',
  'kill archive: write the local record',
  'kill archive: rename the local record',
  'kill 2 archive: put the object',
  'kill 2 archive: rename the local record',
])(
  '%s: what is recorded is in the bucket, and the next run brings the rest',
  async (point) => {
    const prefix = `${point.replaceAll(/\W+/g, '-')}/`
    const args = [recorded.dataDir, JSON.stringify(server.settings(prefix))]
    await using child = nodeProgram('archive', 'libs/archive/test/archive-child.ts', { IB_STREAM_FAIL_POINT: point }, args).start()
    expect(await child.exited).toBeNull() // killed
    for (const { path, sha256: wanted } of await recordedUnder(prefix))
      expect(sha256(await readFile(server.fileOf(`${prefix}${path}`)))).toBe(wanted)
    const archiver = new Archiver({ dataDir: recorded.dataDir, store: server.open(prefix), prefix, source: 'simulator', auditEveryMs: 0 })
    expect(await archiver.run(new AbortController().signal)).toMatchObject({ localDays: 2, archivedDays: 2, lagMs: 0, failures: [] })
    const paths = await recorded.paths()
    expect((await recordedUnder(prefix)).map(({ path }) => path).sort()).toEqual(paths)
    for (const path of paths)
      expect(await readFile(server.fileOf(`${prefix}${path}`))).toEqual(await readFile(join(recorded.dataDir, path)))
  },
  60_000,
)
