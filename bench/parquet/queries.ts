import { deepStrictEqual } from 'node:assert'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, isoFromUs, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { encodeSealed } from '@ib-stream/storage'
import { archiveFiles, makeTables as makeTablesOf } from '../../apps/cli/src/sql/archive-tables.ts'
import { LEVEL } from '../../libs/storage/src/parquet/seal-columns.ts'
import { type DuckdbConnection, loadDuckdb } from '../duckdb.ts'
import { modelDay } from '../storage/days.ts'
import { elapsed, type Figure, figureOf, secondsOf } from '../storage/figure.ts'
import { inFolder } from '../storage/trees.ts'

const QUOTES = 1_000_000
/** What DuckDB's own tables have for prices and sizes. */
const TYPES = ['DECIMAL', 'DOUBLE'] as const
type NumberType = (typeof TYPES)[number]
const MINUTE_US = 60 * US_PER_SECOND
const TABLES = new URL('../../ops/duckdb/ib-stream.sql', import.meta.url)
/** Most ms that an answer may take, unless DuckDB's own table, in the best of its layouts, takes as long. The join of all trades takes DuckDB itself longer: it is shown beside it. */
const MOST_MS = { ohlc: 150, asOf: 20 }
const TIMES_DUCKDB = 1.1

/** Questions about a day of a million quotes: asked of the archive through the tables that we ship, and of DuckDB's own tables, in turn. */
export const queryFigures = (scale: number, rounds: number): Promise<Figure[]> =>
  inFolder(async (folder) => {
    const ticks = modelDay(Math.round((QUOTES * scale * 4) / 3))
    await putDay(folder, ticks)
    const { DuckDBInstance } = loadDuckdb()
    // each in an instance of its own: what one has just freed is no gift to the next
    const instances = await Promise.all(
      [':memory:', ...TYPES.map((type) => join(folder, `${type}.duckdb`))].map((path) => DuckDBInstance.create(path)),
    )
    try {
      const [ofArchive, ...ofTypes] = await Promise.all(instances.map((instance) => instance.connect()))
      if (ofArchive === undefined) return []
      const { files } = await archiveFiles(folder, join(folder, 'waiting'))
      await makeTablesOf(ofArchive, files)
      const sources: Source[] = [{ name: 'the archive', connection: ofArchive, hasQuoteAt: true }]
      for (const [n, connection] of ofTypes.entries()) {
        const type = TYPES[n] ?? 'DECIMAL'
        await copyTables(connection, folder, type)
        sources.push({ name: `DuckDB, ${type}`, connection })
      }
      const day = { cid: ticks[0]?.cid ?? 0, date: isoFromUs(ticks[0]?.ts ?? 0).slice(0, 10) }
      return [
        ...(await compared(`one-minute bars of the mid of ${scale}M quotes`, sources, rounds, MOST_MS.ohlc, {
          sql: () => barsSql('quotes', day),
          wanted: naiveBars(ticks),
        })),
        ...(await compared('the quote that stood at a moment', sources, rounds, MOST_MS.asOf, momentOf(ticks, day))),
        ...(await compared('each trade of the day with its quote', sources, rounds, undefined, joinOf(ticks, day))),
      ]
    } finally {
      for (const instance of instances) instance.closeSync()
    }
  })

/** Makes a day of one contract a sealed file of each tick type. */
export async function putDay(folder: string, ticks: readonly TickMessage[]): Promise<void> {
  for (const [tt, some] of Map.groupBy(ticks, (tick) => tick.tt)) {
    const [first] = some
    if (first === undefined) continue
    const { cid, ts } = first
    const { bytes } = await encodeSealed(some.toSorted(compareTicks), { cid, tt, seq: 0 }, LEVEL.day)
    const path = join(folder, 'parquet', `cid=${cid}`, `tt=${tt}`, `date=${isoFromUs(ts).slice(0, 10)}`)
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'day.parquet'), bytes)
  }
}

export async function makeTables(connection: DuckdbConnection, folder: string): Promise<void> {
  await connection.run(`SET VARIABLE ib_stream_archive = '${folder}/parquet'`)
  await connection.run(await readFile(TABLES, 'utf8'))
}

/** DuckDB's own tables, in the order of arrival, which all the questions go by; one contract, one day. */
async function copyTables(connection: DuckdbConnection, folder: string, type: NumberType): Promise<void> {
  await connection.run("SET TimeZone = 'UTC'")
  const tables = [
    ['quotes', 'bid_ask', ['bid_price', 'bid_size', 'ask_price', 'ask_size']],
    ['trades', 'last', ['price', 'size']],
  ] as const
  for (const [table, tt, numbers] of tables) {
    const columns = type === 'DECIMAL' ? '*' : `* REPLACE (${numbers.map((each) => `${each}::${type} AS ${each}`).join(', ')})`
    await connection.run(
      `CREATE TABLE ${table} AS SELECT ${columns} FROM read_parquet('${folder}/parquet/cid=*/tt=${tt}/date=*/*.parquet', hive_partitioning = true) ORDER BY received`,
    )
  }
  await connection.run('CHECKPOINT')
}

interface Source {
  name: string
  connection: DuckdbConnection
  /** The macro that we ship for it: whoever has the archive asks by it. */
  hasQuoteAt?: boolean
}

interface Question {
  sql: (source: Source) => string
  /** Rows of the answer. */
  wanted: readonly unknown[]
}

/** The time of each source, and, where most is given, whether that of the archive is short enough: by itself, or beside the better of the others. */
async function compared(
  name: string,
  sources: readonly Source[],
  rounds: number,
  mostMs: number | undefined,
  { sql, wanted }: Question,
): Promise<Figure[]> {
  const runs = sources.map((source): [string, () => Promise<number>] => {
    const text = sql(source)
    let rows: unknown
    const ask = async () => (rows = (await source.connection.runAndReadAll(text)).getRowObjectsJS())
    return [
      source.name,
      async () => {
        const seconds = await elapsed(ask)
        deepStrictEqual(rows, wanted, `${name}, ${source.name}`)
        return seconds
      },
    ]
  })
  const took = await secondsOf(Object.fromEntries(runs), rounds)
  const figures = [...took].map(([source, seconds]) => figureOf(`${name}: ${source}`, 'ms', seconds.map(inMs)))
  const [ours, ...others] = figures
  if (ours === undefined) return []
  const best = Math.min(...others.map(({ value }) => value))
  const times = { name: `${name}: the archive, times DuckDB's best`, value: ours.value / best, unit: 'times' }
  if (mostMs === undefined) return [...figures, times]
  const isShort = ours.value <= mostMs
  return [{ ...ours, ...(isShort ? { atMost: mostMs } : {}) }, ...others, { ...times, ...(isShort ? {} : { atMost: TIMES_DUCKDB }) }]
}

const inMs = (seconds: number): number => seconds * 1_000

interface Day {
  cid: number
  date: string
}

export const barsSql = (quotes: string, { cid, date }: Day): string => `
  SELECT epoch_us(time_bucket(INTERVAL 1 minute, time))::DOUBLE AS ts, arg_min(mid, received) AS open, max(mid) AS high, min(mid) AS low,
    arg_max(mid, received) AS close, count(*)::INT AS quotes
  FROM (SELECT time, received, ((bid_price + ask_price) / 2)::DOUBLE AS mid FROM ${quotes} WHERE cid = ${cid} AND date = DATE '${date}')
  GROUP BY ALL ORDER BY ts`

/** What the bars have to be. */
export function naiveBars(ticks: readonly TickMessage[]) {
  const bars = new Map<number, { ts: number; open: number; high: number; low: number; close: number; quotes: number }>()
  for (const tick of ticks) {
    if (tick.tt !== 'bid_ask' || tick.bp === undefined || tick.ap === undefined) continue
    const mid = (tick.bp + tick.ap) / 2
    const ts = Math.floor(tick.ts / MINUTE_US) * MINUTE_US
    const { open, high, low, quotes } = bars.get(ts) ?? { open: mid, high: mid, low: mid, quotes: 0 }
    bars.set(ts, { ts, open, high: Math.max(high, mid), low: Math.min(low, mid), close: mid, quotes: quotes + 1 })
  }
  return [...bars.values()]
}

/** In the middle of the day. */
function momentOf(ticks: readonly TickMessage[], { cid, date }: Day): Question {
  const moment = ticks[Math.floor(ticks.length / 2)]?.st ?? 0
  const quote = ticks.findLast(({ tt, st }) => tt === 'bid_ask' && st <= moment)
  const { st, bp, ap } = quote?.tt === 'bid_ask' ? quote : {}
  return {
    sql: ({ hasQuoteAt }) => `
      SELECT epoch_us(received)::DOUBLE AS st, bid_price::DOUBLE AS bp, ask_price::DOUBLE AS ap FROM ${
        hasQuoteAt
          ? `quote_at(${cid}, make_timestamptz(${moment}))`
          : `quotes WHERE cid = ${cid} AND date = DATE '${date}' AND received <= make_timestamptz(${moment}) ORDER BY received DESC LIMIT 1`
      }`,
    wanted: [{ st, bp, ap }],
  }
}

function joinOf(ticks: readonly TickMessage[], { cid, date }: Day): Question {
  let [n, above, ask]: [number, number, number | undefined] = [0, 0, undefined]
  for (const tick of ticks) {
    if (tick.tt === 'bid_ask') ask = tick.ap
    if (tick.tt !== 'last') continue
    n += 1
    above += tick.p - (ask ?? tick.p) // prices are quarters: exact
  }
  const of = (table: string) => `(FROM ${table} WHERE cid = ${cid} AND date = DATE '${date}')`
  return {
    sql: () => `
      SELECT count(*)::INT AS n, sum(t.price - coalesce(q.ask_price, t.price))::DOUBLE AS above
      FROM ${of('trades')} t ASOF LEFT JOIN ${of('quotes')} q ON t.received >= q.received`,
    wanted: [{ n, above }],
  }
}
