import { defineCommand } from '../command/define-command.ts'
import { flag, text, value, wholeNumber, word } from '../command/option.ts'
import { API, contract, json, SESSION_RANGE, types } from '../command/shared-options.ts'

export const QUERY_FORMATS = ['text', 'ndjson', 'json', 'csv', 'protobuf', 'arrow', 'parquet'] as const

export const command = defineCommand({
  name: 'query',
  group: 'ticks',
  summary: 'recorded ticks of a contract, to the terminal, a pipe or a file',
  args: { contract },
  options: {
    types: types('bid_ask'),
    ...SESSION_RANGE,
    last: { ...SESSION_RANGE.last, shown: '1h' },
    format: word('-f, --format <format>', 'form of the answer', QUERY_FORMATS, { shown: 'text on a terminal, else ndjson' }),
    json: json('the same as --format ndjson'),
    limit: value('-n, --limit <count>', 'most ticks; the earliest are given', wholeNumber(1)),
    newest: value('--newest <count>', 'the newest ticks of the range instead, up to 100000', wholeNumber(1, 100_000)),
    expanded: flag('--expanded', 'long names of fields, and times as text'),
    output: text('-o, --output <file>', 'write to a file', { completes: 'file' }),
    ...API,
  },
  examples: [
    { run: 'query 265598 --last 5m | head', does: 'the last five minutes, until the reader has enough' },
    { run: 'query AAPL -t bid_ask,last --newest 20', does: 'the newest twenty ticks of a symbol' },
    {
      run: 'query 265598 -t last --start 2025-07-30T14:00:00Z --end 2025-07-30T15:00:00Z --json',
      does: 'an hour as JSON lines',
    },
    { run: 'query MNQ.front --start midnight --tz America/Chicago -f csv -o today.csv', does: 'today in Chicago, as CSV' },
  ],
  statuses: { 1: 'the answer broke off: what was written is incomplete' },
  endsWithReader: true,
  interrupt: 'stops',
})
