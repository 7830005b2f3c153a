import { execFileSync } from 'node:child_process'
import type { Duckdb } from '../../apps/cli/src/sql/load-duckdb.ts'
import { CHDB_VERSION, loadChdb } from './stores/clickhouse.ts'
import { theDuckdb } from './stores/duckdb.ts'
import { POSTGRES_JS_VERSION } from './stores/postgres.ts'
import { aboutStore, type StoreName } from './stores.ts'

/** Of each store that can be had here; what cannot be is said on standard error. */
export async function versionsOf(names: readonly StoreName[]): Promise<Partial<Record<StoreName, string>>> {
  const found: Partial<Record<StoreName, string>> = {}
  for (const name of names) {
    try {
      found[name] = await VERSION[name]()
    } catch (error) {
      process.stderr.write(`without ${aboutStore(name).title}: ${Error.isError(error) ? error.message.split('\n')[0] : error}\n`)
    }
  }
  return found
}

const ours = () => 'of this commit'

const VERSION: Record<StoreName, () => string | Promise<string>> = {
  ...{ json: ours, pb: ours, parquet: ours },
  ...{ sql: duckdb, duckdb, duckdbParquet: duckdb, csvGz: duckdb, jsonZst: duckdb },
  clickhouse: () => `chDB ${CHDB_VERSION}, ClickHouse ${loadChdb().version().libchdb.replaceAll('"', '')}`,
  sqlite: () => process.versions.sqlite ?? '?',
  postgres: () => `${saidBy(process.env.IB_STREAM_POSTGRES, '--version')}, postgres.js ${POSTGRES_JS_VERSION}`,
  influxdb: () => saidBy(process.env.IB_STREAM_INFLUXD, 'version'),
}

async function duckdb(): Promise<string> {
  return ((await theDuckdb()) as Duckdb & { version(): string }).version()
}

function saidBy(program: string | undefined, flag: string): string {
  if (program === undefined) throw new Error('its server is not here; npm run bench looks for it')
  return execFileSync(program, [flag], { encoding: 'utf8' }).trim()
}
