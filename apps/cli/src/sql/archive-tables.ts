import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ArchiveSight, lookAtArchive } from '@ib-stream/storage'
import { CliError } from '../errors.ts'
import { ROOT } from '../root.ts'
import type { DuckdbConnection } from './load-duckdb.ts'

/** The same file that plain DuckDB is given. */
const TABLES = join(ROOT, 'ops/duckdb/ib-stream.sql')

/**
 * Looks at the archive of this moment; what waits to be sealed is written into a folder of its own.
 * @throws CliError `IBS_CLI_NO_ARCHIVE`; StorageError of `lookAtArchive`
 */
export async function archiveFiles(dataDir: string, folder: string): Promise<{ files: string[]; isStill: ArchiveSight['isStill'] }> {
  const { sealed, waiting, isStill } = await lookAtArchive(dataDir)
  const files = sealed.map((path) => join(dataDir, path))
  for (const { path, bytes } of waiting) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    files.push(file)
  }
  if (files.length > 0) return { files, isStill }
  throw new CliError(
    'IBS_CLI_NO_ARCHIVE',
    `${dataDir} has no Parquet files; add parquet to IB_STREAM_BACKENDS, or fill the archive with ib-stream import --backend parquet`,
    { dataDir },
  )
}

/** Makes the tables of `ops/duckdb/ib-stream.sql` over files. */
export async function makeTables(connection: DuckdbConnection, files: readonly string[]): Promise<void> {
  await connection.run(`SET VARIABLE ib_stream_files = [${files.map(quoted).join(', ')}]`)
  await connection.run(await readFile(TABLES, 'utf8'))
}

/** A text in SQL. */
export const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`
