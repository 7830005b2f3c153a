import { createReadStream } from 'node:fs'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import type { Call } from '../command/define-command.ts'
import type { command, SQL_FORMATS } from '../commands/sql.ts'
import { dataDirOf } from '../data-dir.ts'
import { CliError } from '../errors.ts'
import { refuseExisting } from '../export/refuse-existing.ts'
import { tableOf } from '../output/table.ts'
import { archiveFiles, checkArchive, makeTables, quoted } from '../sql/archive-tables.ts'
import { daysAsked } from '../sql/days-asked.ts'
import { type Duckdb, type DuckdbConnection, loadDuckdb } from '../sql/load-duckdb.ts'
import { invalid } from './time-range.ts'

type SqlFormat = (typeof SQL_FORMATS)[number]
type SqlCall = Call<typeof command>

/** Sealed files are replaced some times an hour at most. */
const LOOKS = 4

export async function run(call: SqlCall): Promise<void> {
  const { flags, out, signal, env } = call
  const format = formatOf(flags.format, flags.output)
  if (flags.output !== undefined && !flags.force) await refuseExisting(flags.output)
  const folder = await mkdtemp(join(tmpdir(), 'ib-stream-sql-'))
  try {
    const dataDir = dataDirOf(flags.dataDir)
    await checkArchive(dataDir) // before anything is fetched
    const duckdb = await loadDuckdb(env, (line) => out.say(line), signal)
    const isWanted = await daysAsked(duckdb, statementOf(call))
    for (let look = 1; ; look++) {
      const archive = await archiveFiles(dataDir, join(folder, String(look)), isWanted)
      const result = await asked(duckdb, archive.files, call, { format, folder }).catch((error: unknown) => ({ error }))
      signal.throwIfAborted()
      const isStill = await archive.isStill()
      if (isStill && 'error' in result) throw refused(result.error)
      if (isStill && 'give' in result) return await result.give()
      if (look === LOOKS)
        throw new CliError('IBS_CLI_SQL_REFUSED', `sealed files were replaced each of the ${LOOKS} times that it ran; ask again`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function formatOf(asked: SqlFormat | undefined, output: string | undefined): SqlFormat {
  if (asked === 'table' && output !== undefined) throw invalid('--format', asked, 'csv, json, ndjson, arrow or parquet for a file')
  if (asked !== undefined || output === undefined) return asked ?? 'table'
  const found = (['csv', 'json', 'ndjson', 'arrow', 'parquet'] as const).find((format) => extname(output).toLowerCase() === `.${format}`)
  if (found !== undefined) return found
  throw invalid('--output', output, 'a name that ends with .csv, .json, .ndjson, .arrow or .parquet, or --format')
}

const statementOf = ({ args }: SqlCall): string => args.statement.trim().replace(/;$/, '')

/** Does the statement; the answer is given once it is sure that the files stood still meanwhile. */
async function asked(
  { DuckDBInstance }: Duckdb,
  files: readonly string[],
  call: SqlCall,
  { format, folder }: { format: SqlFormat; folder: string },
): Promise<{ give: () => Promise<void> }> {
  const { signal } = call
  const statement = statementOf(call)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const stop = () => connection.interrupt()
  signal.addEventListener('abort', stop)
  try {
    await connection.run(`SET temp_directory = ${quoted(join(folder, 'spill'))}`)
    await makeTables(connection, files)
    if (format === 'table') return await asTable(connection, statement, call)
    const made = join(folder, `result.${format}`)
    if (format === 'arrow') await (await import('../sql/arrow-file.ts')).writeArrow(connection, statement, made)
    else await connection.run(`COPY (${statement}\n) TO ${quoted(made)} (${COPY_AS[format]})`)
    return { give: () => giveFile(made, call) }
  } finally {
    signal.removeEventListener('abort', stop)
    connection.closeSync()
    instance.closeSync()
  }
}

const COPY_AS: Record<Exclude<SqlFormat, 'table' | 'arrow'>, string> = {
  csv: 'FORMAT csv, HEADER',
  json: 'FORMAT json, ARRAY true',
  ndjson: 'FORMAT json',
  parquet: 'FORMAT parquet, COMPRESSION zstd',
}

/** More lines than these nobody reads; the other forms have all. */
const MOST_ROWS = 10_000

async function asTable(connection: DuckdbConnection, statement: string, { out }: SqlCall): Promise<{ give: () => Promise<void> }> {
  const found = await connection.runAndReadUntil(statement, MOST_ROWS + 1)
  const rows = found.getRowsJson()
  const isNumber = (nth: number) => rows.every((row) => row[nth] === null || /^-?\d+(\.\d+)?$/.test(String(row[nth])))
  const columns = found.columnNames().map((head, nth) => ({
    head,
    cell: (row: unknown[]) => cellOf(row[nth]),
    ...(isNumber(nth) ? { align: 'right' as const } : {}),
  }))
  return {
    give: async () => {
      await out.write(tableOf(out, columns, rows.slice(0, MOST_ROWS)))
      if (rows.length > MOST_ROWS) out.say(`the first ${MOST_ROWS} rows; -f csv gives all`)
    },
  }
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Under another name until it is whole. */
async function giveFile(made: string, { flags, out, signal }: SqlCall): Promise<void> {
  if (flags.output === undefined) return await out.pump(createReadStream(made), signal)
  const partial = `${flags.output}.partial`
  try {
    await copyFile(made, partial)
    await rename(partial, flags.output)
  } finally {
    await rm(partial, { force: true })
  }
}

/** What DuckDB throws has no code. */
function refused(error: unknown): unknown {
  if (!Error.isError(error) || codeOf(error) !== undefined) return error
  return new CliError('IBS_CLI_SQL_REFUSED', error.message.trim(), {}, { cause: error })
}
