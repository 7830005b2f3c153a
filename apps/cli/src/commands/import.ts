import { defineCommand } from '../command/define-command.ts'
import { flag, manyArguments, text, value } from '../command/option.ts'
import { json, nats } from '../command/shared-options.ts'

const BACKEND_WORDS = ['json', 'pb', 'parquet'] as const

function backendsOf(list: string): (typeof BACKEND_WORDS)[number][] {
  const names = list.split(',').map((name) => name.trim())
  const found = BACKEND_WORDS.filter((one) => names.includes(one))
  if (found.length === new Set(names).size) return found
  throw new Error(`some of ${BACKEND_WORDS.join(', ')}, separated by commas`)
}

export const command = defineCommand({
  name: 'import',
  group: 'files',
  summary: 'old recordings of any form to files of format v3; where writers run, they make the files',
  args: {
    sources: manyArguments('source', 'files or folders: v3 and v2, JSON lines (.jsonl, .jsonl.gz) and protobuf (.pb)', {
      completes: 'file',
    }),
  },
  options: {
    offline: flag('--offline', 'only while no writer runs on the target; it is checked'),
    nats,
    to: text('--to <folder>', 'DATA_DIR that gets the ticks', { completes: 'folder', shown: 'DATA_DIR of the environment, else data' }),
    backend: value('--backend <list>', 'which files to make, separated by commas: json, pb, parquet', backendsOf, { shown: 'json,pb' }),
    merge: flag('--merge', 'give hours that have ticks already what they lack'),
    dryRun: flag('--dry-run', 'read and decide everything, write nothing'),
    again: flag('--again', 'read sources again that an earlier import took in'),
    zone: text('--zone <name>', 'zone of times that say none, e.g. America/Chicago'),
    json: json('faults and report as JSON lines'),
  },
  examples: [
    { run: 'import --dry-run --to new old', does: 'what would come of the folder old' },
    { run: 'import --to new old > import.txt', does: 'take it in; what could not be is listed in import.txt' },
  ],
  statuses: { 0: 'all was taken in', 1: 'something was left out or could not be turned' },
  interrupt: 'stops',
  whenStopped: 'stopped; the same command goes on',
})
