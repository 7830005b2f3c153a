import { defineCommand } from '../command/define-command.ts'

export const command = defineCommand({
  name: 'up',
  group: 'service',
  summary: 'run everything here: NATS, ingest, writers, keeper, query-api, and the simulator while no gateway is configured',
  examples: [{ run: 'up', does: 'run everything; Ctrl-C drains and stops. The same as npm start' }],
  statuses: { 0: 'it was stopped' },
  interrupt: 'own',
})
