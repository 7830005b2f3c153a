import { defineCommand } from '../command/define-command.ts'
import { flag } from '../command/option.ts'
import { API, json } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'health',
  group: 'service',
  summary: 'all services, the recording and the files in one word, and each stream in one line',
  options: {
    quiet: flag('-q, --quiet', 'say nothing: the status tells'),
    json: json('the answers of the API'),
    ...API,
  },
  examples: [
    { run: 'health', does: 'how it is' },
    { run: 'health -q && echo fine', does: 'in a script, or for cron' },
  ],
  statuses: { 0: 'nothing is degraded', 1: 'ticks are missing, or may be soon', 2: 'query-api does not answer' },
  interrupt: 'stops',
})
