import type { Question } from './questions.ts'

/** What is measured besides the questions. */
export const FACTS = { size: 'size on disk', load: 'load' } as const
export type Fact = keyof typeof FACTS

interface About {
  title: string
  isOurs?: boolean
  /** How it is loaded and asked, for the reader of the figures. */
  how: string
  /** What it is not asked, and why. */
  cannot?: Partial<Record<Question | Fact, string>>
}

/** All that are asked, in the order of the table. */
export const STORES = {
  json: {
    title: 'ib-stream json',
    isOurs: true,
    how: '`ib-stream import --backend json`; query-api as `npm start` runs it, over HTTP: `format=ndjson`, `/v3/bars`, `/v3/asof`, `/v3/asof/{cid}/trades`; the client decodes with `@ib-stream/storage`',
  },
  pb: { title: 'ib-stream pb', isOurs: true, how: 'the same with `--backend pb` and `format=protobuf`' },
  parquet: {
    title: 'ib-stream parquet',
    isOurs: true,
    how: 'the same with `--backend parquet` and `format=protobuf`; loading ends with each day as one sealed file',
  },
  sql: {
    title: 'ib-stream sql',
    isOurs: true,
    how: 'the tables of `ops/duckdb/ib-stream.sql` over the same archive, in DuckDB in the process of the asker, as the command `ib-stream sql` makes them; the quote of a moment by `quote_at`',
    cannot: { size: 'it asks the files of `ib-stream parquet`', load: 'it asks the files of `ib-stream parquet`' },
  },
  duckdb: {
    title: 'DuckDB',
    how: '`CREATE TABLE … AS SELECT … FROM read_csv(…) ORDER BY received`, `CHECKPOINT`; in the process of the asker; `ASOF LEFT JOIN`',
  },
  duckdbParquet: {
    title: 'Parquet by DuckDB',
    how: '`COPY (… ORDER BY received) TO … (FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 9)`, asked with the same SQL',
  },
  clickhouse: {
    title: 'ClickHouse',
    how: 'chDB, the library, in the process of the asker: MergeTree by `(cid, time, received)`, stamps by `CODEC(Delta, ZSTD(9))`, the rest by `ZSTD`, `OPTIMIZE … FINAL`; rows as `RowBinary`; `ASOF LEFT JOIN`',
  },
  sqlite: {
    title: 'SQLite',
    how: '`node:sqlite`: one transaction of prepared inserts, `WITHOUT ROWID` with the key `(cid, time, received)`, WAL, memory-mapped, `ANALYZE`; as-of by a look into the key for each trade',
  },
  postgres: {
    title: 'PostgreSQL',
    how: '`COPY … FROM STDIN`, then a primary key `(cid, time, received)`, `VACUUM (FREEZE, ANALYZE)`; `shared_buffers` 1 GB, `work_mem` 256 MB, `jit` off; rows by `COPY … TO STDOUT`; as-of by `LATERAL` into the key',
  },
  influxdb: {
    title: 'InfluxDB',
    how: 'line protocol in batches of 10,000 by HTTP, tag `cid`, our stamp as the time; asked in InfluxQL with CSV answers, after its files are compacted',
    cannot: { join: 'InfluxQL has no joins' },
  },
  csvGz: { title: 'CSV.gz', how: 'two files by gzip -6, read by DuckDB for each question' },
  jsonZst: { title: 'JSON.zst', how: 'the v3 lines in one file by zstd -3, read by DuckDB for each question' },
} as const satisfies Record<string, About>

export type StoreName = keyof typeof STORES
export const STORE_NAMES = Object.keys(STORES) as StoreName[]
export const aboutStore = (name: StoreName): About => STORES[name]

/** Tick stores that were looked for and are not among them. */
export const NOT_HAD = [
  ['QuestDB, TimescaleDB, kdb+', 'neither Debian nor npm has the server, only clients'],
  ['ClickHouse of Debian', '18.16 of 2018, without `ASOF JOIN`; npm has the version of this year'],
  [
    'VictoriaMetrics, Prometheus, RRDtool',
    'one number a series and stamps of a millisecond or more: two quotes of a millisecond would be one',
  ],
  ['InfluxDB 2 and 3', 'not in Debian; 1.6 is'],
] as const
