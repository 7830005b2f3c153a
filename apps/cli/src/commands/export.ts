import { defineCommand } from '../command/define-command.ts'
import { flag, manyArguments, text, value, wholeNumber, word } from '../command/option.ts'
import { API, SESSION_RANGE, types } from '../command/shared-options.ts'

export const EXPORT_FORMATS = ['ndjson', 'csv', 'json', 'protobuf', 'arrow', 'parquet'] as const

export const command = defineCommand({
  name: 'export',
  group: 'ticks',
  summary: 'recorded ticks of some contracts to a file, with a bar that tells rate and time left',
  args: { contracts: manyArguments('contract', 'contract ids or names, up to 100') },
  options: {
    output: text(
      '-o, --output <file>',
      'the file; its name tells the form: .ndjson, .csv, .json, .pb, .arrow, .parquet, and with .gz or .zst behind it is compressed',
      {
        completes: 'file',
        shown: 'standard output',
      },
    ),
    format: word('-f, --format <format>', 'form of the file', EXPORT_FORMATS, { shown: 'by the name of the file, else ndjson' }),
    types: types('bid_ask,last'),
    ...SESSION_RANGE,
    last: { ...SESSION_RANGE.last, shown: '1h' },
    limit: value('-n, --limit <count>', 'most ticks; the earliest are given', wholeNumber(1)),
    expanded: flag('--expanded', 'long names of fields, and times as text'),
    force: flag('--force', 'replace a file that is there'),
    ...API,
  },
  examples: [
    { run: 'export 265598 --last 1h -o aapl.csv', does: 'an hour as CSV' },
    { run: 'export MNQ.front 265598 --start midnight -o today.ndjson.zst', does: 'two contracts, in one order of time, compressed' },
    { run: 'export 265598 --last 10m -o ticks.arrow', does: 'for pandas, polars, DuckDB: an Arrow stream' },
    { run: 'export 265598 -t bid_ask --last 10m -o quotes.parquet', does: 'one contract and tick type as Parquet' },
    { run: 'export 265598 --last 10m -f protobuf > ticks.pb', does: 'to a pipe or by redirection' },
  ],
  statuses: { 1: 'the answer broke off: there is no file, and what standard output got is incomplete' },
  endsWithReader: true,
  interrupt: 'stops',
  whenStopped: 'stopped; there is no file',
})
