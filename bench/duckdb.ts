import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as cli from '../apps/cli/src/sql/load-duckdb.ts'

export const DUCKDB = '@duckdb/node-api@1.5.6-r.1'

export interface Duckdb {
  DuckDBInstance: { create(path?: string): Promise<DuckdbInstance> }
}

interface DuckdbInstance extends cli.DuckdbInstance {
  connect(): Promise<DuckdbConnection>
}

export interface DuckdbConnection extends cli.DuckdbConnection {
  runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): unknown; getRowObjectsJS(): unknown }>
}

/** DuckDB (70 MB) is no dependency: it is installed into the temporary folder the first time. */
export function loadDuckdb(): Duckdb {
  const folder = join(tmpdir(), `ib-stream-${DUCKDB.replaceAll(/[^a-z0-9.]+/g, '-')}`)
  if (!existsSync(join(folder, 'node_modules/@duckdb/node-api'))) {
    process.stderr.write(`installing ${DUCKDB} into ${folder} …\n`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', DUCKDB], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  return createRequire(join(folder, 'package.json'))('@duckdb/node-api') as Duckdb
}
