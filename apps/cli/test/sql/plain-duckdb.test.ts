import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { hash31, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { runCli } from '../run-cli.ts'
import { recordedArchive } from './recorded-archive.ts'

const CID = 8314
const START_US = Date.UTC(2025, 6, 30, 13) * 1_000
/** With the fetching of DuckDB where it was not yet. */
const TIMEOUT_MS = 300_000

/** A trade and a quote each ten seconds of three hours, of which the last is still open. */
const ticks: TickMessage[] = Array.from({ length: 3 * 360 }, (_, n) => {
  const ts = START_US + n * 10 * US_PER_SECOND
  const core = { ts, st: ts + 3, cid: CID }
  return n % 2 === 0
    ? { ...core, tt: 'last', rid: hash31(CID, 'last'), p: 100 + (n % 9) / 4, s: 1 + (n % 5) }
    : { ...core, tt: 'bid_ask', rid: hash31(CID, 'bid_ask'), bp: 99 + (n % 7) / 4, bs: 1, ap: 102, as: 2 }
})

let dataDir = ''
beforeAll(async () => {
  dataDir = await recordedArchive(ticks, { sealAfter: ticks.length })
}, 60_000)
afterAll(() => rm(dataDir, { recursive: true }))

/** DuckDB's own client and the file of SQL, in a process that has nothing of ours. */
const PLAIN = `
const [cache, tables, first, statement] = process.argv.slice(1)
const { DuckDBInstance } = require('node:module').createRequire(cache + '/package.json')('@duckdb/node-api')
DuckDBInstance.create().then(async (instance) => {
  const connection = await instance.connect()
  if (first) await connection.run(first)
  await connection.run(require('node:fs').readFileSync(tables, 'utf8'))
  console.log(JSON.stringify((await connection.runAndReadAll(statement)).getRowsJson()))
})`

async function plain(statement: string, { cwd, first = '' }: { cwd: string; first?: string }): Promise<unknown> {
  const { dependencies } = JSON.parse(await readFile('apps/cli/duckdb/package.json', 'utf8')) as { dependencies: Record<string, string> }
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream', `duckdb-${dependencies['@duckdb/node-api']}`)
  const args = ['-e', PLAIN, cache, resolve('ops/duckdb/ib-stream.sql'), first, statement]
  return JSON.parse((await promisify(execFile)(process.execPath, args, { cwd })).stdout)
}

async function ours(statement: string): Promise<unknown> {
  const run = runCli(['sql', statement, '-d', dataDir, '-f', 'json'])
  expect([await run.ended, run.err]).toEqual([0, expect.not.stringContaining('IBS_')])
  return JSON.parse(run.out)
}

const SEALED = `'2025-07-30 13:00:00Z', '2025-07-30 15:00:00Z'`
/** What may be asked of both alike, of hours that are sealed. */
const QUESTION = `
SELECT (SELECT count(*) FROM session(${CID}, ${SEALED}))::INTEGER AS ticks,
  (SELECT sum(volume) FROM bars_1m WHERE minute < '2025-07-30 15:00:00Z')::INTEGER AS volume,
  (SELECT count(bid_price) FROM trades_as_of(${CID}, DATE '2025-07-30') WHERE received < '2025-07-30 15:00:00Z')::INTEGER AS joined,
  (SELECT bid_price::DOUBLE FROM quote_at(${CID}, '2025-07-30 14:30:00Z')) AS bid,
  vwap(${CID}, 'last', ${SEALED})::DOUBLE AS vwap`

it(
  'plain DuckDB has by the file that we ship what ib-stream sql has, but for hours that are not sealed',
  async () => {
    const sealed = ticks.filter(({ ts }) => ts < START_US + 2 * US_PER_HOUR)
    expect(await ours('SELECT count(*)::INTEGER AS n FROM ticks')).toEqual([{ n: ticks.length }])
    const cwd = dataDir
    expect(await plain('SELECT count(*)::INTEGER FROM ticks', { cwd })).toEqual([[sealed.length]])
    const [answer] = (await ours(QUESTION)) as Record<string, unknown>[]
    expect(answer).toMatchObject({ ticks: sealed.length, joined: sealed.length / 2 - 1 })
    expect(await plain(QUESTION, { cwd })).toEqual([Object.values(answer ?? {})])
  },
  TIMEOUT_MS,
)

it(
  'plain DuckDB finds an archive elsewhere, and opens only the files that it is given',
  async () => {
    const cwd = tmpdir()
    const archive = `SET VARIABLE ib_stream_archive = '${join(dataDir, 'parquet')}'`
    expect(await plain('SELECT count(*)::INTEGER FROM quotes', { cwd, first: archive })).toEqual([[360]])
    const files = `SET VARIABLE ib_stream_files = ['${join(dataDir, 'parquet')}/cid=${CID}/tt=last/date=*/13.parquet']`
    expect(await plain('SELECT count(*)::INTEGER, (SELECT count(*) FROM quotes)::INTEGER FROM trades', { cwd, first: files })).toEqual([
      [180, 0],
    ])
  },
  TIMEOUT_MS,
)

it(
  'plain DuckDB runs the blocks of docs/reference/parquet.md',
  async () => {
    const blocks = [...(await readFile('docs/reference/parquet.md', 'utf8')).matchAll(/```sql\n(.*?)```/gs)].map(([, code = '']) => code)
    expect(blocks).toHaveLength(2)
    const [byHand = '', narrower = ''] = blocks.map((code) => code.replaceAll('265598', String(CID)))
    const elsewhere = byHand.replace('data/parquet', join(dataDir, 'parquet')).replaceAll(';', '')
    expect(await plain(`SELECT count(*)::INTEGER FROM (${elsewhere})`, { cwd: dataDir })).toEqual([[10]])
    expect(await plain('SELECT count(*)::INTEGER FROM ticks', { cwd: dataDir, first: narrower })).toEqual([[720]])
  },
  TIMEOUT_MS,
)
