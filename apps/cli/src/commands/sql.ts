import { defineCommand } from '../command/define-command.ts'
import { argument, flag, text, word } from '../command/option.ts'
import { dataDir } from '../command/shared-options.ts'

export const SQL_FORMATS = ['table', 'csv', 'json', 'ndjson', 'arrow', 'parquet'] as const

export const command = defineCommand({
  name: 'sql',
  group: 'files',
  summary: 'ask the archive in SQL (DuckDB): ticks, quotes, trades, bars_1m, and macros; changes nothing',
  args: { statement: argument('statement', 'one statement; the tables are those of ops/duckdb/ib-stream.sql') },
  options: {
    dataDir,
    format: word('-f, --format <format>', 'form of the result', SQL_FORMATS, { shown: 'by the name of the file, else table' }),
    output: text('-o, --output <file>', 'the file; its name tells the form: .csv, .json, .ndjson, .arrow, .parquet', {
      completes: 'file',
      shown: 'standard output',
    }),
    force: flag('--force', 'replace a file that is there'),
  },
  examples: [
    { run: 'sql "SELECT cid, tt, count(*) AS ticks, max(time) FROM ticks GROUP BY ALL"', does: 'what there is' },
    { run: `sql "FROM bars_1m WHERE cid = 265598 AND date = '2025-07-30'" -f csv`, does: 'bars of a minute as CSV' },
    { run: `sql "FROM trades_as_of(265598, DATE '2025-07-30')" -o asof.parquet --force`, does: 'each trade with the quote that stood' },
  ],
  endsWithReader: true,
  interrupt: 'stops',
  whenStopped: 'stopped; there is no file',
})
