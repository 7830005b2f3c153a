import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from './store.ts'
import { ClickHouse, loadChdb } from './stores/clickhouse.ts'
import { openCsvGz, openJsonZst, openNative, openParquet } from './stores/duckdb.ts'
import { IbStreamHttp } from './stores/ib-stream-http.ts'
import { IbStreamSql } from './stores/ib-stream-sql.ts'
import { Influxdb } from './stores/influxdb.ts'
import { Postgres } from './stores/postgres.ts'
import { Sqlite } from './stores/sqlite.ts'
import type { StoreName } from './stores.ts'
import type { Tape } from './tape.ts'

/** A store that can be asked, with what loading it took; both facts are missing where it asks another one's files. */
export interface Loaded {
  store: Pick<Store, 'asking'> & AsyncDisposable
  loadSeconds?: number
  sizeBytes?: number
}

/** Opens and loads a store in a folder of its own. */
export async function loadStore(name: StoreName, folder: string, tape: Tape): Promise<Loaded> {
  const place = { folder: join(folder, name), tape }
  await mkdir(place.folder)
  if (name === 'sql') return { store: await IbStreamSql.open(place, join(folder, 'parquet/data')) }
  const store = await openStore(name, place)
  try {
    const startedMs = performance.now()
    await store.load()
    const loadSeconds = (performance.now() - startedMs) / 1_000
    if (store instanceof Influxdb) await store.settle()
    if (store instanceof IbStreamHttp) await store.serve()
    return { store, loadSeconds, sizeBytes: await store.sizeBytes() }
  } catch (error) {
    await store[Symbol.asyncDispose]() // no server is left behind
    throw error
  }
}

function openStore(name: Exclude<StoreName, 'sql'>, place: { folder: string; tape: Tape }): Store | Promise<Store> {
  switch (name) {
    case 'json':
    case 'pb':
    case 'parquet':
      return new IbStreamHttp(place, name)
    case 'duckdb':
      return openNative(place)
    case 'duckdbParquet':
      return openParquet(place)
    case 'clickhouse':
      return new ClickHouse(loadChdb(), place)
    case 'sqlite':
      return new Sqlite(place)
    case 'postgres':
      return Postgres.start(process.env.IB_STREAM_POSTGRES ?? 'postgres', place)
    case 'influxdb':
      return Influxdb.start(process.env.IB_STREAM_INFLUXD ?? 'influxd', place)
    case 'csvGz':
      return openCsvGz(place)
    case 'jsonZst':
      return openJsonZst(place)
  }
}
