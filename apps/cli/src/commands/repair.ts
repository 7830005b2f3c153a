import { defineCommand } from '../command/define-command.ts'
import { flag } from '../command/option.ts'
import { dataDir, json, nats } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'repair',
  group: 'files',
  summary: 'mend closed hours that verify finds damaged; where writers run, they do it',
  options: {
    dataDir,
    dryRun: flag('--dry-run', 'decide everything, write nothing'),
    offline: flag('--offline', 'only while no writer runs; it is checked'),
    nats,
    json: json('one JSON object a line, the counts last'),
  },
  examples: [
    { run: 'repair --dry-run', does: 'what would be done' },
    { run: 'repair', does: 'do it' },
  ],
  statuses: {
    0: 'everything is whole now',
    1: 'something was left or salvaged, or a dry run found damage',
    2: 'it could not begin, or something could not be read',
  },
  interrupt: 'stops',
  whenStopped: 'stopped; the same command goes on',
})
