import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from '@ib-stream/model'
import { CliError } from '../errors.ts'
import { ROOT } from '../root.ts'

/** What of DuckDB's own client is used. */
export interface Duckdb {
  DuckDBInstance: { create(path?: string): Promise<DuckdbInstance> }
}

export interface DuckdbInstance {
  connect(): Promise<DuckdbConnection>
  closeSync(): void
}

export interface DuckdbConnection {
  run(sql: string): Promise<unknown>
  stream(sql: string): Promise<AsyncIterable<DuckdbChunk>>
  runAndReadUntil(sql: string, rows: number): Promise<DuckdbRows>
  interrupt(): void
  closeSync(): void
}

export interface DuckdbChunk {
  readonly rowCount: number
  getColumnValues(nth: number): unknown[]
}

export interface DuckdbRows {
  columnNames(): string[]
  getRowsJson(): unknown[][]
}

/** Version and checksums of the packages, for npm. */
const PINNED = join(ROOT, 'apps/cli/duckdb')
const FETCH_WITHIN_MS = 300_000

/**
 * DuckDB, of the version that `apps/cli/duckdb/package-lock.json` pins with its checksums; fetched into the user's cache by npm the first time.
 * @param say told once, before it is fetched
 * @throws CliError `IBS_CLI_NO_DUCKDB`
 */
export async function loadDuckdb(
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Duckdb> {
  const folder = await cacheFolder(env)
  try {
    return required(folder)
  } catch (error) {
    if (codeOf(error) !== 'MODULE_NOT_FOUND') throw noDuckdb(folder, error)
  }
  say(`fetching DuckDB (70 MB, once) from the npm registry into ${folder}`)
  const partial = `${folder}.${process.pid}`
  try {
    await mkdir(partial, { recursive: true })
    for (const name of ['package.json', 'package-lock.json']) await copyFile(join(PINNED, name), join(partial, name))
    const options = { cwd: partial, timeout: FETCH_WITHIN_MS, signal }
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], options)
    await rename(partial, folder).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error // another first use was faster
    })
    return required(folder)
  } catch (error) {
    signal.throwIfAborted()
    throw noDuckdb(folder, error)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function cacheFolder(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const pinned = JSON.parse(await readFile(join(PINNED, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream', `duckdb-${pinned.dependencies['@duckdb/node-api']}`)
}

const required = (folder: string): Duckdb => createRequire(join(folder, 'package.json'))('@duckdb/node-api') as Duckdb

function noDuckdb(folder: string, cause: unknown): CliError {
  const [why = ''] = (Error.isError(cause) ? cause.message : String(cause)).split('\n').slice(-1)
  return new CliError(
    'IBS_CLI_NO_DUCKDB',
    `DuckDB is not in ${folder} and could not be fetched (${why}); let npm reach a registry, or copy that folder from a machine that could`,
    { folder },
    { cause },
  )
}
