import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import { quoted } from '../../../apps/cli/src/sql/archive-tables.ts'
import { type Duckdb, type DuckdbConnection, type DuckdbInstance, loadDuckdb } from '../../../apps/cli/src/sql/load-duckdb.ts'
import type { Answer, Question } from '../questions.ts'
import type { Place, Store } from '../store.ts'
import { duckdbAnswers } from './duckdb-answers.ts'

export const theDuckdb = (): Promise<Duckdb> =>
  loadDuckdb(process.env, (line) => process.stderr.write(`${line}\n`), new AbortController().signal)

const STAMPS = 'make_timestamp(time)::TIMESTAMPTZ AS time, make_timestamp(received)::TIMESTAMPTZ AS received'
const COLUMNS = {
  quotes: `{cid: 'INTEGER', time: 'BIGINT', received: 'BIGINT', bid_price: 'DOUBLE', bid_size: 'DOUBLE', ask_price: 'DOUBLE', ask_size: 'DOUBLE'}`,
  trades: `{cid: 'INTEGER', time: 'BIGINT', received: 'BIGINT', price: 'DOUBLE', size: 'DOUBLE', exchange: 'VARCHAR', conditions: 'VARCHAR'}`,
}
type Table = keyof typeof COLUMNS
const TABLES: readonly Table[] = ['quotes', 'trades']

const fromCsv = (table: Table, path: string): string =>
  `SELECT * REPLACE (${STAMPS}) FROM read_csv(${quoted(path)}, header = true, columns = ${COLUMNS[table]})`

/** DuckDB in the process of the asker, as it is used. A form says how the day becomes `quotes` and `trades`, and in which files it lies. */
class DuckdbStore implements Store {
  readonly asking: Record<Question, () => Promise<Answer>>
  readonly #instance: DuckdbInstance
  readonly #connection: DuckdbConnection
  readonly #place: Place
  readonly #form: Form
  #files: readonly string[] = []

  constructor(instance: DuckdbInstance, connection: DuckdbConnection, place: Place, form: Form) {
    this.#instance = instance
    this.#connection = connection
    this.#place = place
    this.#form = form
    this.asking = duckdbAnswers(connection, place.tape)
  }

  async load(): Promise<void> {
    this.#files = await this.#form.load(this.#connection, this.#place)
  }

  async sizeBytes(): Promise<number> {
    const sizes = await Promise.all(this.#files.map(async (path) => (await stat(path)).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }
}

interface Form {
  /** Where the database is; undefined: in memory. */
  database?: (place: Place) => string
  /** @returns the files that hold the day */
  load(connection: DuckdbConnection, place: Place): Promise<string[]>
}

async function open(place: Place, form: Form): Promise<DuckdbStore> {
  const instance = await (await theDuckdb()).DuckDBInstance.create(form.database?.(place))
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'; SET asof_loop_join_threshold = 0") // rows of text files are counted wrong: it would loop over all of them for each trade
  return new DuckdbStore(instance, connection, place, form)
}

const databasePath = ({ folder }: Place): string => join(folder, 'day.duckdb')
const csvOf = ({ tape }: Place, table: Table): string => (table === 'quotes' ? tape.quotesCsv : tape.tradesCsv)

/** Tables in a file of its own, in order of arrival. */
export const openNative = (place: Place): Promise<Store> =>
  open(place, {
    database: databasePath,
    load: async (connection) => {
      for (const table of TABLES) await connection.run(`CREATE TABLE ${table} AS ${fromCsv(table, csvOf(place, table))} ORDER BY received`)
      await connection.run('CHECKPOINT')
      return [databasePath(place)]
    },
  })

/** Parquet as DuckDB writes it: its newer encodings, zstd, in order of arrival. */
export const openParquet = (place: Place): Promise<Store> =>
  open(place, {
    load: async (connection) => {
      const paths: string[] = []
      for (const table of TABLES) {
        const path = join(place.folder, `${table}.parquet`)
        await connection.run(
          `COPY (${fromCsv(table, csvOf(place, table))} ORDER BY received) TO ${quoted(path)} (FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL ${PARQUET_LEVEL})`,
        )
        await connection.run(`CREATE VIEW ${table} AS FROM read_parquet(${quoted(path)})`)
        paths.push(path)
      }
      return paths
    },
  })

/** Of zstd: beyond it files get no smaller that matters, only slower. */
const PARQUET_LEVEL = 9

export const openCsvGz = (place: Place): Promise<Store> =>
  open(place, {
    load: async (connection) => {
      const paths: string[] = []
      for (const table of TABLES) {
        const path = join(place.folder, `${table}.csv.gz`)
        await pipeline(createReadStream(csvOf(place, table)), createGzip(), createWriteStream(path))
        await connection.run(`CREATE VIEW ${table} AS ${fromCsv(table, path)}`)
        paths.push(path)
      }
      return paths
    },
  })

/** The v3 lines in one file, quotes and trades as they came. */
export const openJsonZst = (place: Place): Promise<Store> =>
  open(place, {
    load: async (connection) => {
      const path = join(place.folder, 'ticks.jsonl.zst')
      await pipeline(createReadStream(place.tape.lines), createZstdCompress(), createWriteStream(path))
      const keys = `{cid: 'INTEGER', tt: 'VARCHAR', ts: 'BIGINT', st: 'BIGINT', bp: 'DOUBLE', bs: 'DOUBLE', ap: 'DOUBLE', "as": 'DOUBLE', p: 'DOUBLE', s: 'DOUBLE', ex: 'VARCHAR', sc: 'VARCHAR'}`
      const lines = `FROM read_json(${quoted(path)}, format = 'newline_delimited', compression = 'zstd', columns = ${keys})`
      const stamps = 'cid, make_timestamp(ts)::TIMESTAMPTZ AS time, make_timestamp(st)::TIMESTAMPTZ AS received'
      await connection.run(
        `CREATE VIEW quotes AS SELECT ${stamps}, bp AS bid_price, bs AS bid_size, ap AS ask_price, "as" AS ask_size ${lines} WHERE tt = 'bid_ask'`,
      )
      await connection.run(
        `CREATE VIEW trades AS SELECT ${stamps}, p AS price, s AS size, ex AS exchange, sc AS conditions ${lines} WHERE tt <> 'bid_ask'`,
      )
      return [path]
    },
  })
