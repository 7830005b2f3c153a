import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ArchiveSight, hasArchive, type IsWanted, lookAtArchive } from '@ib-stream/storage'
import { CliError } from '../errors.ts'
import { ROOT } from '../root.ts'
import type { DuckdbConnection } from './load-duckdb.ts'

/** The same file that plain DuckDB is given. */
const TABLES = join(ROOT, 'ops/duckdb/ib-stream.sql')

/** @throws CliError `IBS_CLI_NO_ARCHIVE` where there never was one */
export async function checkArchive(dataDir: string): Promise<void> {
  if (!(await hasArchive(dataDir))) throw noArchive(dataDir)
}

/**
 * Looks at the archive of this moment; what waits to be sealed is written into a folder of its own.
 * @param isWanted of which days; where none of them has a file, one of another is given, for its columns
 * @throws CliError `IBS_CLI_NO_ARCHIVE`; StorageError of `lookAtArchive`
 */
export async function archiveFiles(
  dataDir: string,
  folder: string,
  isWanted?: IsWanted,
): Promise<{ files: string[]; isStill: ArchiveSight['isStill'] }> {
  const { sealed, waiting, isStill } = await lookAtArchive(dataDir, isWanted)
  const files = sealed.map((path) => join(dataDir, path))
  for (const { path, bytes } of waiting) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    files.push(file)
  }
  if (files.length > 0) return { files, isStill }
  if (isWanted === undefined) throw noArchive(dataDir)
  const all = await archiveFiles(dataDir, folder)
  return { files: all.files.slice(0, 1), isStill: async () => (await isStill()) && (await all.isStill()) }
}

/** Makes the tables of `ops/duckdb/ib-stream.sql` over files. */
export async function makeTables(connection: DuckdbConnection, files: readonly string[]): Promise<void> {
  await connection.run(`SET VARIABLE ib_stream_files = [${files.map(quoted).join(', ')}]`)
  await connection.run(await readFile(TABLES, 'utf8'))
}

/** The same tables without a tick: all of them are scans of `no_ticks`. */
export async function makeEmptyTables(connection: DuckdbConnection): Promise<void> {
  const tables = await readFile(TABLES, 'utf8')
  await connection.run(tables.replace(/^(CREATE OR REPLACE TEMP VIEW ticks AS)[^;]*;/m, '$1 FROM no_ticks;'))
}

/** A text in SQL. */
export const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`

function noArchive(dataDir: string): CliError {
  return new CliError(
    'IBS_CLI_NO_ARCHIVE',
    `${dataDir} has no Parquet files; add parquet to IB_STREAM_BACKENDS, or fill the archive with ib-stream import --backend parquet`,
    { dataDir },
  )
}
