import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { compareTicks, hourOf, isoFromUs, type TickMessage } from '@ib-stream/model'
import { decodeSealed, encodeSealed } from '@ib-stream/storage'
import { COLUMNS } from '../../libs/storage/src/parquet/schema.ts'
import { LEVEL } from '../../libs/storage/src/parquet/seal-columns.ts'
import { readFooter } from '../../libs/storage/src/parquet/sealed-file.ts'
import { DUCKDB, type DuckdbConnection, loadDuckdb } from '../duckdb.ts'
import { cpuOf, elapsed, type Figure } from '../storage/figure.ts'
import { inFolder } from '../storage/trees.ts'

const ONE_MINUTE_US = 60_000_000

interface Ground {
  folder: string
  connection: DuckdbConnection
}

/**
 * Bytes a tick in hours and as a day, what they are spent on, how fast they are made and read, whether DuckDB reads the same from them, and how large DuckDB's own Parquet of the
 * same columns is; and what ops/duckdb/ib-stream.sql makes of them, held to the ticks. Speeds are by the CPU time of the process, all its threads; every file is held to the very
 * ticks before its figures are given.
 */
export const sizeFigures = (days: Readonly<Record<string, readonly TickMessage[]>>): Promise<Figure[]> =>
  inFolder(async (folder) => {
    const duckdb = await loadDuckdb().DuckDBInstance.create()
    const connection = await duckdb.connect()
    try {
      const figures: Figure[] = []
      for (const [day, ticks] of Object.entries(days))
        for (const [tt, ofType] of Map.groupBy(ticks, (tick) => tick.tt))
          figures.push(...(await measure({ folder, connection }, `${day} day, ${tt}`, ofType.toSorted(compareTicks))))
      return [...figures, ...(await sqlFigures({ folder, connection }, Object.values(days).flat()))]
    } finally {
      connection.closeSync()
      duckdb.closeSync()
    }
  })

async function measure({ folder, connection }: Ground, name: string, ticks: readonly TickMessage[]): Promise<Figure[]> {
  const [first] = ticks
  if (first === undefined) return []
  const { cid, tt } = first
  const head = { cid, tt, seq: 0 }
  const isReal = name.startsWith('real')
  let bytes: Uint8Array = new Uint8Array()
  const encodeSeconds = await cpuOf(async () => ({ bytes } = await encodeSealed(ticks, head, LEVEL.day)))
  let read: TickMessage[] = []
  const decodeSeconds = await cpuOf(async () => (read = await decodeSealed(bytes)))
  if (!isDeepStrictEqual(read, ticks)) throw new Error(`${name}: other ticks came back`)
  const hours = await Promise.all(
    [...Map.groupBy(ticks, ({ ts }) => hourOf(ts)).values()].map((hour) => encodeSealed(hour, head, LEVEL.hour)),
  )
  const ofAll = (part: number) => part / ticks.length
  const path = join(folder, `cid=${cid}`, `tt=${tt}`, `date=${isoFromUs(first.ts).slice(0, 10)}`, 'day.parquet')
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, bytes)
  return [
    { name: `${name}: as a day`, value: ofAll(bytes.length), unit: 'bytes a tick', ...(isReal ? { atMost: 4 } : {}) },
    ...(await spentOn(name, bytes, ticks.length)),
    {
      ...{ name: `${name}: in ${hours.length} hours`, unit: 'bytes a tick', ...(isReal ? { atMost: 5.5 } : {}) },
      value: ofAll(hours.reduce((sum, hour) => sum + hour.bytes.length, 0)),
    },
    { name: `${name}: encode`, value: ticks.length / encodeSeconds / 1e6, unit: 'million ticks a CPU second' },
    { name: `${name}: decode to objects`, value: ticks.length / decodeSeconds / 1e6, unit: 'million ticks a CPU second' },
    {
      name: `${name}: ${DUCKDB}'s own Parquet V2, zstd 19`,
      value: ofAll(await duckdbBytes(connection, path, ticks)),
      unit: 'bytes a tick',
    },
  ]
}

/** Bytes a tick of each column, and what is left for the footer. */
async function spentOn(name: string, bytes: Uint8Array, count: number): Promise<Figure[]> {
  const file = { path: name, sizeBytes: bytes.length, read: async (at: number, length: number) => bytes.subarray(at, at + length) }
  const { facts, groups, dataBytes } = await readFooter(file)
  const columns = COLUMNS[facts.tt].map((column, index) => ({
    name: `${name}: of it ${column.name}`,
    value: groups.reduce((sum, { chunks }) => sum + (chunks[index]?.bytes ?? 0), 0) / count,
    unit: 'bytes a tick',
  }))
  return [...columns, { name: `${name}: of it the footer`, value: (bytes.length - dataBytes) / count, unit: 'bytes a tick' }]
}

/** Holds what DuckDB reads from our file to the ticks, and gives the size of the file that it makes of the same columns. */
async function duckdbBytes(on: DuckdbConnection, path: string, ticks: readonly TickMessage[]): Promise<number> {
  const price = 'bp' in (ticks[0] ?? {}) ? 'bid_price' : 'price'
  const sql = `SELECT count(*)::INT AS n, sum(epoch_us(received) - epoch_us(time))::DOUBLE AS late, max(${price})::DOUBLE AS most, cid, tt FROM read_parquet('${path}', hive_partitioning = true) GROUP BY ALL`
  const [found] = (await on.runAndReadAll(sql)).getRowObjectsJS() as Record<string, unknown>[]
  const prices = ticks.map((tick) => ('bp' in tick ? tick.bp : 'p' in tick ? tick.p : undefined) ?? Number.NEGATIVE_INFINITY)
  const wanted = {
    n: ticks.length,
    late: ticks.reduce((sum, { ts, st }) => sum + st - ts, 0),
    most: prices.reduce((a, b) => Math.max(a, b)),
  }
  const got = { n: found?.n, late: found?.late, most: found?.most }
  if (!isDeepStrictEqual(got, wanted))
    throw new Error(`DuckDB reads ${JSON.stringify(got)} from ${path}, which holds ${JSON.stringify(wanted)}`)
  await on.run(`COPY (FROM '${path}') TO '${path}.duckdb' (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 19)`)
  return (await stat(`${path}.duckdb`)).size
}

/** The views and macros that we ship, over what lies in the folder now. */
async function sqlFigures({ folder, connection }: Ground, ticks: readonly TickMessage[]): Promise<Figure[]> {
  await connection.run(`SET VARIABLE ib_stream_archive = '${folder}'`)
  await connection.run(await readFile(new URL('../../ops/duckdb/ib-stream.sql', import.meta.url), 'utf8'))
  const trades = ticks.filter(({ tt }) => tt === 'last' || tt === 'all_last')
  const bars = new Set(trades.map(({ cid, tt, ts }) => `${cid} ${tt} ${Math.floor(ts / ONE_MINUTE_US)}`)).size
  const asked: [string, string, number][] = [
    ['all ticks counted', 'SELECT count(*)::INT AS n FROM ticks', ticks.length],
    ['one-minute bars of all trades', 'SELECT count(*)::INT AS n FROM bars_1m', bars],
  ]
  for (const [cid, of] of Map.groupBy(trades, (tick) => tick.cid)) {
    const day = isoFromUs(of[0]?.ts ?? 0).slice(0, 10)
    asked.push([`trades of ${cid} with their quotes`, `SELECT count(*)::INT AS n FROM trades_as_of(${cid}, DATE '${day}')`, of.length])
  }
  const figures: Figure[] = []
  for (const [name, sql, wanted] of asked) {
    let found: unknown
    const seconds = await elapsed(async () => (found = (await connection.runAndReadAll(sql)).getRowObjectsJS()))
    if (!isDeepStrictEqual(found, [{ n: wanted }])) throw new Error(`${sql} gives ${JSON.stringify(found)}, not ${wanted}`)
    figures.push({ name: `SQL: ${name}`, value: seconds * 1_000, unit: 'ms' })
  }
  return figures
}
