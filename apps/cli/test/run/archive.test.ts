import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRange, verify } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Archiver } from '../../../../libs/archive/src/index.ts'
import { ALL_TIME, CID, RecordedDays } from '../../../../libs/archive/test/recorded-days.ts'
import { canMount } from '../../../../libs/writer/test/support.ts'
import { S3Server } from '../../../../test/support/s3-server.ts'
import { runCli } from '../run-cli.ts'

let server: S3Server
let recorded: RecordedDays
let empty = ''
beforeAll(async () => {
  server = await S3Server.start()
  recorded = await RecordedDays.make(2)
  empty = await mkdtemp(join(tmpdir(), 'ibs-fetched-'))
}, 60_000)
afterAll(async () => {
  await rm(empty, { recursive: true })
  await recorded[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function archive(words: string, dataDir: string) {
  const env = { ...server.env(), IB_HOST: '' }
  const run = runCli(['archive', ...words.split(' '), '-d', dataDir], env)
  return { status: await run.ended, out: run.out, err: run.err }
}

async function ticksOf(dataDir: string, endUs: number) {
  await using range = await openRange({ dataDir, backends: ['parquet'], cids: [CID], tts: ['last'], startUs: ALL_TIME.startUs, endUs })
  const ticks: unknown[] = []
  for await (const batch of range.batches()) ticks.push(...batch)
  return ticks
}

const lastLine = (out: string): unknown => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')

describe('archive', () => {
  it('says what waits, then what is archived and sound, and what is damaged', async () => {
    const waits = await archive('status --json', recorded.dataDir)
    expect([waits.status, waits.err, lastLine(waits.out)]).toEqual([0, '', expect.objectContaining({ local: 2, archived: 0, waiting: 2 })])
    const archiver = new Archiver({ dataDir: recorded.dataDir, store: server.open(), prefix: '', source: 'simulator' })
    await archiver.run(new AbortController().signal)
    for (const words of ['status --json', 'status --verify --json']) {
      const { status, out } = await archive(words, recorded.dataDir)
      expect([status, lastLine(out)]).toEqual([0, expect.objectContaining({ local: 2, archived: 2, verified: 2, waiting: 0, damaged: 0 })])
    }
    expect((await archive('status', recorded.dataDir)).out).toMatch(
      /date .*\n2025-07-28 +1 +1 +[\d.]+ K?B +1 +0\n[\s\S]*2 days in the archive[\s\S]*without trouble\n$/,
    )
  }, 120_000)

  it('brings days to an empty host, where they give the same answers and verify finds nothing wrong', async () => {
    const { status, out, err } = await archive('fetch', empty)
    expect([status, err]).toEqual([0, ''])
    expect(out).toContain('2 days fetched')
    const endUs = ALL_TIME.startUs + 3 * 86_400_000_000
    const ticks = await ticksOf(recorded.dataDir, endUs)
    expect(ticks.length).toBeGreaterThan(20)
    expect(await ticksOf(empty, endUs)).toEqual(ticks)
    const { damage, unreachable } = await verify({ dataDir: empty, backends: ['parquet'] })
    expect([damage, unreachable]).toEqual([[], []])
    expect((await archive('status --json', empty)).out).toContain('"waiting":0')
    expect((await archive(`fetch ${CID} --json`, empty)).out).toContain('"fetched":0,"there":2')
    expect((await archive('fetch 1 --json', empty)).status).toBe(1)
  }, 120_000)

  it('regression: a record that cannot be read is told by its name, and the other dates are answered and fetched', async () => {
    const record = server.fileOf('manifest/2025-07-28.json')
    const text = await readFile(record)
    const other = await mkdtemp(join(tmpdir(), 'ibs-fetched-'))
    try {
      await writeFile(record, text.subarray(0, 100))
      const told = expect.stringMatching(/^IBS_ARCHIVE_RECORD_INVALID.*manifest\/2025-07-28\.json.*remove it/m)
      const found = await archive('status', recorded.dataDir)
      expect([found.status, found.err]).toEqual([1, told])
      expect(found.out).toMatch(/2025-07-28 +1 +0 [\s\S]*2025-07-29 +1 +1 /)
      expect(lastLine((await archive('status --json', recorded.dataDir)).out)).toMatchObject({ archived: 1, verified: 1, failures: 1 })
      const fetched = await archive('fetch', other)
      expect([fetched.status, fetched.err]).toEqual([2, told])
      expect(fetched.out).toContain('1 days fetched')
      expect(fetched.out).toContain('1 could not be fetched')
      const failed = { did: 'failed', path: 'manifest/2025-07-28.json', code: 'IBS_ARCHIVE_RECORD_INVALID' }
      const lines = (await archive('fetch --json', other)).out.trimEnd().split('\n')
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({ did: 'there' }),
        expect.objectContaining(failed),
        expect.objectContaining({ fetched: 0, there: 1, failed: 1 }),
      ])
    } finally {
      await writeFile(record, text)
      await rm(other, { recursive: true })
    }
  }, 120_000)

  if (canMount) {
    it('regression: a full disk under what is fetched was told as a server that broke off', async () => {
      const full = await mkdtemp(join(tmpdir(), 'ibs-fetched-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full])
      try {
        await writeFile(join(full, 'other'), Buffer.alloc(2 ** 16))
        const { status, err } = await archive('fetch', full)
        expect([status, err]).toEqual([
          2,
          expect.stringMatching(/^IBS_ARCHIVE_WRITE_FAILED: .*\/ibs-fetched-\w+\/parquet\/.* \(ENOSPC: .*\); make room/),
        ])
        expect((await readdir(full, { recursive: true })).filter((name) => name.endsWith('.parquet'))).toEqual([])
      } finally {
        execFileSync('umount', ['--lazy', full])
        await rm(full, { recursive: true })
      }
    }, 120_000)
  }

  it('refuses what is not as it was archived, and leaves nothing of it', async () => {
    const [path = ''] = await recorded.paths()
    const bytes = await readFile(server.fileOf(path))
    const other = await mkdtemp(join(tmpdir(), 'ibs-fetched-'))
    try {
      const bad = Buffer.from(bytes)
      bad.writeUInt8(bad.readUInt8(50) ^ 1, 50)
      await writeFile(server.fileOf(path), bad)
      const refused = await archive('fetch --end 2025-07-29T00:00Z', other)
      expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('IBS_ARCHIVE_CHECKSUM')])
      expect(await ticksOf(other, ALL_TIME.endUs)).toEqual([])
      const found = await archive('status --verify --json', recorded.dataDir)
      expect([found.status, found.out]).toEqual([1, expect.stringContaining(`"damaged":["${path}"]`)])
    } finally {
      await writeFile(server.fileOf(path), bytes)
      await rm(other, { recursive: true })
    }
  }, 120_000)
})
