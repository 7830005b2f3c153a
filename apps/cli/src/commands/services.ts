import { defineCommand } from '../command/define-command.ts'
import { anyArguments, flag, manyArguments, valueOr, wholeNumber } from '../command/option.ts'
import { dataDir, json } from '../command/shared-options.ts'

const SERVICE_WORDS = ['nats', 'gateway-sim', 'ingest', 'writer-json', 'writer-proto', 'writer-parquet', 'keeper', 'query-api'] as const

export const status = defineCommand({
  name: 'services status',
  group: 'service',
  summary: 'what "up" runs: state, process, restarts, addresses',
  options: { dataDir, json: json('one JSON object a line') },
  examples: [{ run: 'services status', does: 'a line for each program' }],
  statuses: { 0: 'all work', 1: 'one does not', 2: 'no "up" runs on the recording' },
  interrupt: 'stops',
})

export const restart = defineCommand({
  name: 'services restart',
  group: 'service',
  summary: 'stop programs of "up" in order and wait until they work again; nothing is lost',
  args: { names: manyArguments('service', 'names of programs', { choices: SERVICE_WORDS }) },
  options: { dataDir },
  examples: [{ run: 'services restart writer-proto', does: 'the writer of protobuf files' }],
  statuses: { 0: 'they work again', 1: 'one does not within a minute' },
  interrupt: 'stops',
})

export const logs = defineCommand({
  name: 'services logs',
  group: 'service',
  summary: 'the newest lines of the logs, in words',
  args: { names: anyArguments('service', 'names of programs; default: all', { choices: SERVICE_WORDS }) },
  options: {
    lines: valueOr('-n, --lines <count>', 'how many of each', wholeNumber(0, 100_000), { fallback: 20 }),
    follow: flag('-f, --follow', 'go on with what comes, until Ctrl-C'),
    dataDir,
    json: json('lines as they are'),
  },
  examples: [
    { run: 'services logs ingest -n 50', does: 'what ingest said' },
    { run: 'services logs --json | tail -3', does: 'of all programs, as they are' },
  ],
  endsWithReader: true,
  interrupt: 'ends',
})
