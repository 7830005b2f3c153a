import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash31, type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { openRange } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { tableFromIPC } from 'apache-arrow'
import { runCli } from '../run-cli.ts'
import { recordedArchive } from '../sql/recorded-archive.ts'

const CID = 8314
const START_US = Date.UTC(2025, 6, 30, 21) * 1_000
/** Somewhere in the last hour: the hours before are sealed, then it goes on, and a tick comes for one of them. */
const SEAL_AFTER = 1_301

/** A trade and a quote each ten seconds of four hours, over midnight; one of the trades is two hours late. */
const ticks: TickMessage[] = Array.from({ length: 4 * 360 }, (_, n) => {
  const st = START_US + n * 10 * US_PER_SECOND
  const ts = n === 1_400 ? st - 2 * US_PER_HOUR : st
  const core = { ts, st, cid: CID }
  return n % 2 === 0
    ? { ...core, tt: 'last', rid: hash31(CID, 'last'), p: 100 + (n % 9) / 4, s: n }
    : { ...core, tt: 'bid_ask', rid: hash31(CID, 'bid_ask'), bp: 99, bs: 1, ap: 101, as: 2 }
})

let dataDir = ''
beforeAll(async () => {
  dataDir = await recordedArchive(ticks, { sealAfter: SEAL_AFTER })
}, 60_000)
afterAll(() => rm(dataDir, { recursive: true }))

/** A few seconds, and the fetching of DuckDB where it was not yet. */
const TIMEOUT_MS = 300_000

async function sql(statement: string, ...more: string[]) {
  const run = runCli(['sql', statement, '-d', dataDir, ...more])
  return { status: await run.ended, out: run.out, err: run.err }
}

describe('sql', () => {
  beforeAll(async () => {
    expect((await sql('SELECT 1')).status).toBe(0)
  }, TIMEOUT_MS)

  it('has every tick once, sealed or not, late or not', async () => {
    const { out } = await sql(
      'SELECT tt, count(*)::INTEGER AS ticks, sum(size)::INTEGER AS sizes FROM ticks GROUP BY ALL ORDER BY tt',
      '-f',
      'json',
    )
    const sizes = ticks.reduce((sum, tick) => sum + ('s' in tick ? (tick.s ?? 0) : 0), 0)
    expect(JSON.parse(out)).toEqual([
      { tt: 'bid_ask', ticks: 720, sizes: null },
      { tt: 'last', ticks: 720, sizes },
    ])
  })

  it('has the views and macros of the file for plain DuckDB', async () => {
    const { out } = await sql(
      `SELECT (SELECT count(*) FROM quotes)::INTEGER AS quotes, (SELECT count(*) FROM bars_1m)::INTEGER AS bars,
       (SELECT count(*) FROM session(${CID}, '2025-07-30 22:00:00Z', '2025-07-30 23:00:00Z'))::INTEGER AS ticks,
       (SELECT count(bid_price) FROM trades_as_of(${CID}, DATE '2025-07-31'))::INTEGER AS joined,
       round(vwap(${CID}, 'last', '2025-07-30 00:00:00Z', '2025-08-01 00:00:00Z'), 6) AS vwap`,
      '-f',
      'ndjson',
    )
    const trades = ticks.filter((tick) => tick.tt === 'last') as { p: number; s: number }[]
    const vwap = trades.reduce((sum, { p, s }) => sum + p * s, 0) / trades.reduce((sum, { s }) => sum + s, 0)
    expect(JSON.parse(out)).toEqual({ quotes: 720, bars: 240, ticks: 361, joined: expect.any(Number), vwap: expect.closeTo(vwap, 5) })
    expect(JSON.parse(out).joined).toBeGreaterThan(170)
  })

  it('finds the quote of a moment in the quarter of an hour before it, in the days before it, or not at all', async () => {
    const moments = ['2025-07-31 00:00:05Z', '2025-08-03 12:00:00Z', '2025-07-30 21:00:00Z', '2025-08-20 00:00:00Z']
    const each = moments.map((moment, n) => `SELECT ${n} AS nth, received, bid_price FROM quote_at(${CID}, '${moment}')`)
    const before = `SELECT 9, received, bid_price FROM quotes WHERE received <= '${moments[0]}' ORDER BY received DESC LIMIT 1`
    const { out } = await sql(`${each.join(' UNION ALL ')} UNION ALL (${before}) ORDER BY nth`, '-f', 'csv')
    const [stood, last] = ['2025-07-30 23:59:50+00,99.00', '2025-07-31 00:59:50+00,99.00']
    expect(out).toBe(`nth,received,bid_price\n0,${stood}\n1,${last}\n9,${stood}\n`)
  })

  it('has the columns of ticks in one order, whatever files there are', async () => {
    const columns = async (where: string) => (await sql(`SELECT * FROM ticks WHERE ${where} LIMIT 0`, '-f', 'csv')).out
    const all = await columns('true')
    expect(all).toMatch(/^cid,tt,date,time,received,bid_price,.*,request_id\n$/)
    expect([await columns(`cid = ${CID} AND tt = 'last'`), await columns('cid = 1')]).toEqual([all, all])
  })

  it('opens no file that the statement cannot need', async () => {
    const other = join(dataDir, 'parquet/cid=9999')
    const folder = join(other, 'tt=last/date=2025-07-30')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'day.parquet'), 'no Parquet')
    try {
      const count = (where: string) => sql(`SELECT count(*) AS n FROM trades WHERE ${where}`, '-f', 'csv')
      expect(await count('true')).toMatchObject({ status: 2, err: expect.stringContaining('IBS_CLI_SQL_REFUSED') })
      expect(await count(`cid = ${CID} AND date BETWEEN '2025-07-30' AND '2025-07-31'`)).toEqual({ status: 0, out: 'n\n720\n', err: '' })
    } finally {
      await rm(other, { recursive: true })
    }
  })

  it('gives a table, CSV, and Parquet that is read again', async () => {
    const table = await sql('SELECT cid, tt, count(*) AS ticks FROM ticks GROUP BY ALL ORDER BY tt')
    expect(table.out).toBe(` cid  tt       ticks\n8314  bid_ask    720\n8314  last       720\n`)
    const csv = await sql(`SELECT epoch_us(time) AS ts, price FROM trades ORDER BY received LIMIT 2;`, '-f', 'csv')
    expect(csv.out).toBe(`ts,price\n${START_US},100.00\n${START_US + 20 * US_PER_SECOND},100.50\n`)
    const file = join(dataDir, 'bars.parquet')
    expect(await sql('FROM bars_1m', '-o', file)).toEqual({ status: 0, out: '', err: '' })
    expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1')
    expect((await sql(`SELECT count(*) AS bars FROM '${file}'`)).out).toBe('bars\n 240\n')
    expect(await sql('FROM bars_1m', '-o', file)).toMatchObject({ status: 2, err: expect.stringContaining('IBS_CLI_FILE_EXISTS') })
    expect((await sql('FROM bars_1m', '-o', file, '--force')).status).toBe(0)
  })

  it('gives an Arrow stream with types, and nulls where there is nothing', async () => {
    const file = join(dataDir, 'ticks.arrow')
    const statement = 'SELECT time, date, cid, tt, price, size, bid_price, backfilled, [cid] AS list FROM ticks ORDER BY received, tt'
    expect(await sql(statement, '-o', file)).toEqual({ status: 0, out: '', err: '' })
    const table = tableFromIPC(await readFile(file))
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'time Timestamp<MICROSECOND, UTC>',
      'date Date32<DAY>',
      'cid Int64',
      'tt Utf8',
      'price Float64',
      'size Float64',
      'bid_price Float64',
      'backfilled Bool',
      'list Utf8',
    ])
    expect(table.numRows).toBe(ticks.length)
    const column = (name: string) => table.getChild(name)?.data.flatMap(({ values }) => [...values]) as unknown[]
    expect(column('time')).toEqual(ticks.map(({ ts }) => BigInt(ts)))
    expect(column('date').slice(0, 1)).toEqual([Math.floor(START_US / (24 * US_PER_HOUR))])
    expect([...(table.getChild('price') ?? [])]).toEqual(ticks.map((tick) => (tick.tt === 'last' ? tick.p : null)))
    expect([...(table.getChild('tt') ?? [])]).toEqual(ticks.map(({ tt }) => tt))
    expect(table.getChild('list')?.get(0)).toBe('[8314]')
    const none = await sql('FROM ticks WHERE cid = 1', '-f', 'arrow', '-o', join(dataDir, 'none.arrow'))
    expect([none.status, tableFromIPC(await readFile(join(dataDir, 'none.arrow'))).numRows]).toEqual([0, 0])
  })

  it('regression: a statement that ends with a comment was refused for a file', async () => {
    for (const format of ['csv', 'arrow', 'table']) {
      const { status, out } = await sql('SELECT 42 AS n -- the answer', '-f', format)
      expect([format, status, out.length > 0]).toEqual([format, 0, true])
    }
  })

  it('says what DuckDB says of a statement that it refuses', async () => {
    expect(await sql('SELECT nothing FROM ticks')).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^IBS_CLI_SQL_REFUSED: Binder Error: .*"nothing"/),
    })
  })

  it('refuses a table for a file, and a name that tells no form', async () => {
    const errors = [await sql('FROM ticks', '-f', 'table', '-o', 'x.csv'), await sql('FROM ticks', '-o', 'x.txt')]
    for (const { status, err } of errors)
      expect([status, err]).toEqual([2, expect.stringMatching(/^IBS_CLI_OPTION_INVALID: --(format|output) /)])
  })

  it('changes nothing of the recording', async () => {
    const about = { dataDir, backends: ['parquet'] as const, cids: [CID], tts: ['last', 'bid_ask'] as const }
    await using range = await openRange({ ...about, startUs: 0, endUs: START_US + 9 * 24 * US_PER_HOUR })
    const { ticks: count } = await range.measure()
    expect(count).toBe(ticks.length)
  })
})

it('says that there is no archive before it fetches anything', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'ibs-sql-'))
  const run = runCli(['sql', 'FROM ticks', '-d', empty], { XDG_CACHE_HOME: empty })
  expect([await run.ended, run.err]).toEqual([2, expect.stringMatching(/^IBS_CLI_NO_ARCHIVE: .*IB_STREAM_BACKENDS/)])
  expect(execFileSync('ls', ['-A', empty]).toString()).toBe('')
  await rm(empty, { recursive: true })
})

it('says what to do where DuckDB cannot be fetched', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'ibs-sql-'))
  const run = runCli(['sql', 'FROM ticks', '-d', dataDir], {
    XDG_CACHE_HOME: cache,
    npm_config_registry: 'http://127.0.0.1:9',
    npm_config_fetch_retries: '0',
    npm_config_cache: cache,
  })
  expect([await run.ended, run.err]).toEqual([2, expect.stringMatching(/fetching DuckDB .*once.*\nIBS_CLI_NO_DUCKDB: .*copy that folder/)])
  await rm(cache, { recursive: true })
}, 60_000)
