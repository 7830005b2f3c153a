import { defineCommand } from '../command/define-command.ts'
import { flag } from '../command/option.ts'
import { json } from '../command/shared-options.ts'

export const show = defineCommand({
  name: 'config show',
  group: 'service',
  summary: 'every setting as it counts, and where it comes from',
  options: {
    set: flag('--set', 'only those that are set'),
    doc: flag('--doc', 'with what each means'),
    json: json('one JSON object a line'),
  },
  examples: [
    { run: 'config show', does: 'all settings' },
    { run: 'config show --set --json', does: 'what differs from the defaults' },
  ],
  interrupt: 'stops',
})

export const check = defineCommand({
  name: 'config check',
  group: 'service',
  summary: 'hold the settings of the environment and of .env to their rules; finds misspelt ones',
  options: { json: json('one JSON object a line for each problem') },
  examples: [{ run: 'config check', does: 'before a restart' }],
  statuses: { 0: 'all are right', 1: 'some are wrong, or unknown' },
  interrupt: 'stops',
})
